"""Systolic arrays: every cycle count of SCALE-Sim, and what several arrays share."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from npusdk.catalogue import cost_parameters, find_device
from npusdk.cost import schedule_plan
from npusdk.cost.gemms import collect_gemms
from npusdk.cost.systolic import DATAFLOWS, map_systolic
from npusdk.cost.work import Gemm
from tests.cost.devices import ARRAY
from tests.cost.plans import PlanWriter

with (Path(__file__).parent / "data" / "scalesim_golden.csv").open(encoding="utf-8") as file:
    GOLDEN = list(csv.DictReader(file))

CYCLES = replace(ARRAY, units=1, clock_hz=1.0, eta_compute=1.0, on_chip_bandwidth_bytes_per_s=float("inf"))
"""A device whose seconds are cycles."""


def cycles_of(gemm, device):
    """Return the cycles of one product."""
    return map_systolic(collect_gemms([(0, gemm)], np.zeros(1), np.zeros(1)), device).compute_s[0]


@pytest.mark.parametrize("dataflow", DATAFLOWS)
def test_cycles_are_those_of_the_simulator(dataflow):
    """Closed forms equal SCALE-Sim's counts, exactly, for products and convolutions on five arrays."""
    rows = [row for row in GOLDEN if row["dataflow"] == dataflow]
    assert len(rows) == 50
    assert {row["kind"] for row in rows} == {"gemm", "conv"}
    for row in rows:
        device = replace(CYCLES, dataflow=dataflow, array_rows=int(row["rows"]), array_columns=int(row["cols"]))
        assert cycles_of(Gemm(1, int(row["M"]), int(row["N"]), int(row["K"])), device) == int(row["cycles"]), row


@pytest.mark.parametrize("row", [row for row in GOLDEN if row["kind"] == "gemm" and row["rows"] != row["cols"]][::4])
def test_teaching_device_takes_the_simulators_cycles(row):
    """From a plan on a device of the catalogue to the same count: nothing is lost on the way."""
    device = find_device(f"systolic-{row['rows']}x{row['cols']}-{row['dataflow']}")
    parameters = cost_parameters(device, "fp16")
    write = PlanWriter()
    x, w = write.input("x", (int(row["M"]), int(row["K"]))), write.weight((int(row["K"]), int(row["N"])))
    write.step("matrix", write.node("MatMul", [x, w], (int(row["M"]), int(row["N"]))))
    found = schedule_plan(write.plan(), parameters)
    assert found.compute_s[0] * parameters.clock_hz == pytest.approx(int(row["cycles"]))
    assert found.time_s[0] == found.compute_s[0]
    assert found.bounds == ("compute",)


def test_convolution_is_the_product_of_its_patches():
    """A 3 x 3 convolution of 4 x 4 outputs is a product of 16 rows and 9 channels deep."""
    write = PlanWriter()
    write.conv(write.input("x", (1, 4, 4, 4)), 8, 3, activation=None)
    assert schedule_plan(write.plan(), CYCLES).compute_s[0] == 2 * 1 * (36 + 8 + 8 - 2)


def test_arrays_share_the_folds_of_a_product():
    """Six folds on four arrays are two rounds."""
    gemm = Gemm(2, 24, 8, 100)
    assert cycles_of(gemm, replace(CYCLES, units=4)) == 2 * (100 + 8 + 8 - 2)
    assert cycles_of(gemm, CYCLES) == 6 * (100 + 8 + 8 - 2)
