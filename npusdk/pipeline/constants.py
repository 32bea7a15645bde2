"""What a calibration of the cost model holds: a versioned data file, written by `npusdk.calibration.fit`."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from npusdk.display import Shown
from npusdk.values import Frozen

NAME = r"\w[\w.-]{0,63}"
"""A plain word: what a report can name, and nothing that could stand for something else there."""

Word: TypeAlias = Annotated[str, Field(pattern=f"^{NAME}$")]
Positive: TypeAlias = Annotated[float, Field(gt=0, le=1e6)]
Share: TypeAlias = Annotated[float, Field(gt=0, le=1)]
Whole: TypeAlias = Annotated[int, Field(ge=0, lt=2**31)]


class ChipConstants(Frozen):
    """Constants of one chip, whatever the card it sits on.

    Parameters
    ----------
    devices
        Identifiers of the cards.
    eta_compute
        Sustained share of the matrix rate over whole networks; never that of a single product.
    op_overhead_s
        Seconds for each fused operator.
    eta_vector
        Sustained share of the elementwise rate; None where it is that of all devices.
    units, points
        Measured networks, and rows, that they rest on.
    """

    devices: tuple[str, ...]
    eta_compute: Share
    op_overhead_s: Positive
    eta_vector: Share | None = None
    units: Whole
    points: Whole


class Prior(Frozen):
    """Constants of a class of devices that nobody measured."""

    eta_compute: Share
    op_overhead_s: Positive


class StackConstants(Frozen):
    """A software stack beside the reference, TensorRT.

    Parameters
    ----------
    compute, memory, overhead
        Factors on `eta_compute`, `eta_memory`, and the overheads of operators and collectives.
    launches
        Whether it launches operators one by one, without a graph.
    longest_fused_keys
        Keys beyond which it does not fuse attention; 0 where it always does.
    unit_bytes_per_cycle
        Off-chip bytes that its kernels take on one unit in a cycle; 0 where they take what there is.
    units, chips, points
        What the factors rest on.
    supported
        Whether that is enough to offer it by name.
    """

    compute: Positive = 1.0
    memory: Positive = 1.0
    overhead: Positive = 1.0
    launches: bool = False
    longest_fused_keys: Whole = 0
    unit_bytes_per_cycle: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    units: Whole = 0
    chips: Whole = 0
    points: Whole = 0
    supported: bool = False


class Shared(Frozen):
    """Constants of all chips.

    Parameters
    ----------
    eta_vector
        Sustained share of the elementwise rate.
    link_latency_s
        One hop of a collective.
    narrow_energy
        Factor on the energy of a multiply-accumulate of eight bits or fewer on a GPU, which the catalogue takes as
        half of that of sixteen.
    """

    eta_vector: Share = 1.0
    link_latency_s: Positive = 5e-6
    narrow_energy: Positive = 1.0


class Interval(Frozen):
    """Factors on a predicted time, and what they rest on.

    Parameters
    ----------
    low, high
        The measured time lies between them.
    coverage
        Share of left-out measurements for which that is so; None where the width is judgement.
    """

    low: Share
    high: Annotated[float, Field(ge=1, le=1e3)]
    coverage: Share | None = None


class Scores(Frozen):
    """Errors of one way of judging, as fractions.

    Parameters
    ----------
    macro_mape
        Mean over networks on chips of the mean over their rows.
    by_vendor
        The same for each vendor.
    rank_within_chip, rank_within_workload
        Spearman's rho, mean over groups.
    """

    macro_mape: float
    by_vendor: dict[str, float]
    rank_within_chip: float | None = None
    rank_within_workload: float | None = None


class Calibration(Shown, Frozen):
    """All constants, and what they rest on.

    Parameters
    ----------
    name
        What `NPUSDK_CALIBRATION` calls it.
    data_sha256, rows, units
        Hash of the measurements, and how many rows and networks on chips of them were used.
    shared, chips, priors, stacks
        Constants; chips and stacks by name, priors by kind of device.
    intervals
        By validity class.
    scores
        By way of judging: "in_sample", "leave_one_model_out", "leave_one_chip_out", "roofline".
    vendor_units
        Networks on chips of each vendor.
    """

    schema_version: Literal["1.0"] = "1.0"
    name: Word
    data_sha256: str
    rows: Whole
    units: Whole
    shared: Shared
    chips: dict[Word, ChipConstants]
    priors: dict[str, Prior]
    stacks: dict[Word, StackConstants]
    intervals: dict[Literal["A", "B", "C"], Interval]
    scores: dict[str, Scores]
    vendor_units: dict[str, Whole]

    def chip_of(self, device: str) -> str:
        """Return the name of a device's chip, empty for one that nobody measured."""
        whole = device.partition(":")[0]
        return next((name for name, chip in self.chips.items() if whole in chip.devices), "")
