"""What serving a language model is predicted to take on a device, or on several."""

from __future__ import annotations

from itertools import pairwise
from math import inf, isclose, isfinite
from typing import ClassVar, Literal, Self, TypeAlias

from pydantic import model_validator

from npusdk.language import plain
from npusdk.report.base import Report
from npusdk.report.codes import Note
from npusdk.report.grounds import Provenance
from npusdk.report.parallel import Parallel
from npusdk.units import format_number, format_seconds
from npusdk.values import Count, Frozen, Int64

ROOM = 1e-9
"""Relative room for rounding in the invariants."""

Batching: TypeAlias = Literal["continuous", "static"]


class Span(Frozen):
    """A predicted figure and its interval.

    Parameters
    ----------
    value, low, high
        `low <= value <= high`, none of them negative.
    """

    value: float
    low: float
    high: float

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if not 0 <= self.low <= self.value * (1 + ROOM) or not self.value <= self.high * (1 + ROOM) < inf:
            text = f"broken invariant: 0 <= low <= value <= high ({self.low}, {self.value}, {self.high})"
            raise ValueError(text)
        return self


class ServingReport(Report):
    """Time, rate and memory of a language model that serves requests of one shape without a pause.

    Parameters
    ----------
    basis
        "predicted" by the cost model.
    device, device_name
        Catalogue identifier and the name that people use.
    model, parameters, max_context
        Name of the model, its weights, and the positions it was made for.
    model_version
        Version of the cost model and its parameters.
    precision, weights, cache
        Matrix format, and the formats of weights and of keys and values in memory.
    parallel, stack
        How many devices serve together; the software whose factors were applied, empty for none.
    batching
        "continuous": a request that ends makes room for the next. "static": a batch begins and ends together.
    input_tokens, output_tokens
        Of every request.
    batch, batch_basis
        Requests at once, for each replica; "given" by the caller, or as many as "memory" or the "cap" allow.
    steps
        Decoding steps of a request: `output_tokens - 1`, because a prefill gives the first token.
    ttft
        Seconds until the first token of a request that comes alone to an idle device.
    prefill
        Seconds that the prefills of one batch take.
    tpot
        Seconds of one decoding step at `batch`, the mean over the growing context; None without steps.
    tpot_loaded
        Seconds for each token of a request, prefills of the others included: `latency / output_tokens`.
    latency
        Seconds of a request from end to end under that load: `prefill + steps x tpot`.
    tokens_per_s
        Output tokens a second of all devices.
    tokens_per_s_per_device
        The same for each of them.
    energy_j_per_token
        Joules of all devices for an output token; None where energy is not predicted.
    energy_low_j_per_token, energy_high_j_per_token, energy_basis
        Their interval, and the code of what it rests on; None and empty in older reports.
    krw_per_million_tokens, price_basis
        Won of all devices for a million output tokens, and whose prices they are; None and empty without prices.
    power_boundary
        What the joules cover: "chip", "card" or "system"; empty where energy is not predicted.
    kv_bytes_per_token, kv_capacity_tokens
        Bytes of keys and values of one token in all layers; tokens for which one replica has room (None: its memory is
        not documented).
    largest_batch
        Requests for which there is room at their mean length ("continuous") or at their full one ("static"), at most
        2048; None as before.
    weight_bytes, memory_bytes
        Of one replica; None where memory is not documented.
    validity, interval_basis
        The worst of the passes, and the code of what their intervals rest on.
    excluded, assumptions
        Codes of what the numbers leave out, and of what was taken for granted.
    provenance
        Where the calibrated parameters come from; None where that is not said.
    """

    media: ClassVar[tuple[str, ...]] = ("csv", "html", "json")

    basis: Literal["predicted", "simulated", "measured"]
    device: str
    device_name: str
    model: str
    parameters: Count
    max_context: Int64
    model_version: str
    precision: str
    weights: str
    cache: str
    parallel: Parallel
    stack: str = ""
    batching: Batching
    input_tokens: Int64
    output_tokens: Int64
    batch: Int64
    batch_basis: Literal["given", "memory", "cap"]
    steps: Count
    ttft: Span
    prefill: Span
    tpot: Span | None
    tpot_loaded: Span
    latency: Span
    tokens_per_s: Span
    tokens_per_s_per_device: float
    energy_j_per_token: float | None = None
    energy_low_j_per_token: float | None = None
    energy_high_j_per_token: float | None = None
    energy_basis: str = ""
    krw_per_million_tokens: float | None = None
    price_basis: str = ""
    power_boundary: str = ""
    kv_bytes_per_token: Count
    kv_capacity_tokens: Count | None
    largest_batch: Count | None
    weight_bytes: Count
    memory_bytes: Count | None
    validity: Literal["A", "B", "C"]
    interval_basis: str
    excluded: tuple[str, ...]
    assumptions: tuple[Note, ...]
    provenance: Provenance | None = None

    @property
    def ttft_s(self) -> float:
        """Seconds until the first token of a request that comes alone."""
        return self.ttft.value

    @property
    def tpot_s(self) -> float | None:
        """Seconds of one decoding step; None where a request has none."""
        return self.tpot.value if self.tpot else None

    @property
    def tpot_loaded_s(self) -> float:
        """Seconds for each token of a request under load."""
        return self.tpot_loaded.value

    @property
    def latency_s(self) -> float:
        """Seconds of a request from end to end under load."""
        return self.latency.value

    @model_validator(mode="after")
    def _check_invariants(self) -> Self:
        stepping_s = self.steps * self.tpot.value if self.tpot else 0.0
        replica = self.parallel.replicas * self.batch * self.output_tokens
        energies = self.energy_low_j_per_token, self.energy_j_per_token, self.energy_high_j_per_token
        ends = [end for end in energies if end is not None]
        spent = [*ends, *((self.krw_per_million_tokens,) if self.krw_per_million_tokens is not None else ())]
        laws = {
            "there is one request of one token or more": min(self.batch, self.input_tokens, self.output_tokens) >= 1,
            "the first token is the prefill's": self.steps == self.output_tokens - 1,
            "a step has a time where there is one": (self.tpot is None) == (self.steps == 0),
            "prefill and steps add up to the latency": _near(self.prefill.value + stepping_s, self.latency.value),
            "tokens of a request share its latency": _near(
                self.tpot_loaded.value * self.output_tokens, self.latency.value
            ),
            "tokens come at batch over latency": _near(self.tokens_per_s.value * self.latency.value, replica),
            "devices share the tokens": _near(
                self.tokens_per_s_per_device * self.parallel.devices, self.tokens_per_s.value
            ),
            "energy and price are finite and not negative": all(isfinite(number) and number >= 0 for number in spent),
            "an energy has both ends or none, and low <= energy <= high": (energies[0] is None) == (energies[2] is None)
            and (energies[1] is not None or not ends)
            and all(low <= high * (1 + ROOM) for low, high in pairwise(ends)),
            "memory is known for all or nothing": (self.memory_bytes is None)
            == (self.kv_capacity_tokens is None)
            == (self.largest_batch is None),
            "a batch of memory fits": self.batch_basis == "given" or self.batch == self.largest_batch,
        }
        broken = [law for law, holds in laws.items() if not holds]
        if broken:
            text = f"broken invariant: {'; '.join(broken)}"
            raise ValueError(text)
        return self

    def __repr__(self) -> str:
        shape = f"{self.input_tokens} + {self.output_tokens} tokens, batch {self.batch} {self.batching}"
        where = f"{plain(self.model, 80)} on {self.parallel.devices} x {plain(self.device_name, 40)}"
        step = f", {format_seconds(self.tpot.value)} a step" if self.tpot else ""
        rate = f"[{format_number(self.tokens_per_s.low)}-{format_number(self.tokens_per_s.high)}]"
        return (
            f"ServingReport({where}, {plain(self.precision, 20)}, {shape}: {self.basis} "
            f"{format_number(self.tokens_per_s.value)} tokens/s {rate}, first token after "
            f"{format_seconds(self.ttft.value)}{step})"
        )


def _near(first: float, second: float) -> bool:
    return isclose(first, second, rel_tol=1e-6, abs_tol=1e-12)
