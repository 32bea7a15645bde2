"""One way to run a model on a device, and what it costs: what reports, advice and sensitivities are made from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from npusdk.catalogue import CostParameters, DeviceSpec
from npusdk.compiler import Traits
from npusdk.cost.power import Powered
from npusdk.cost.price import PriceList
from npusdk.errors import ConfigError
from npusdk.language import _
from npusdk.pipeline.calibration import Calibrated
from npusdk.report import Parallel

if TYPE_CHECKING:
    from npusdk.pipeline.planning import Planner

ALONE = Parallel()
"""One device."""


@dataclass(frozen=True)
class Case:
    """How a model is to run.

    Parameters
    ----------
    device, precision, batch
        Where, in which format, and with how many samples in one call.
    parallel
        How many devices share it.
    stack
        Software whose factors are applied; empty for none.
    prices
        Prices of a centre, or None.
    """

    device: DeviceSpec
    precision: str
    batch: int
    parallel: Parallel = ALONE
    stack: str = ""
    prices: PriceList | None = None


@dataclass(frozen=True)
class Costed:
    """A model that runs in one way, with its times and energies on one device.

    Parameters
    ----------
    planner
        Of the model.
    case
        How it runs.
    figures
        Parameters of the device, and how sure they are.
    powered
        One call.
    """

    planner: Planner
    case: Case
    figures: Calibrated
    powered: Powered

    @property
    def latency_s(self) -> float:
        """Seconds of one call."""
        return self.powered.latency_s

    @property
    def throughput_per_s(self) -> float:
        """Samples a second of all devices when calls follow each other."""
        return self.powered.throughput_per_s * self.case.parallel.replicas

    @property
    def fits(self) -> bool:
        """Whether the call fits into the device's memory; true where that is not documented."""
        pool = self.case.device.pool_bytes
        return pool is None or self.powered.schedule.peak_memory_bytes <= pool

    def again(self, parameters: CostParameters) -> Costed:
        """Return the same with other parameters of the device."""
        return replace(self, powered=self.planner.run(self.case, parameters))


def share_out(traits: Traits, asked: Parallel | None) -> Parallel:
    """Return among how many devices a network runs: it has its own number of shares, a caller chooses replicas.

    Raises
    ------
    ConfigError
        If a network that is not divided is to be, or a pass is to be divided otherwise than it was made.
    """
    wanted = asked or ALONE
    if wanted.pp > 1 or wanted.tp not in (1, traits.shards):
        raise _undivided(traits, wanted)
    if traits.shards == wanted.tp:
        return wanted
    return Parallel(tp=traits.shards, replicas=wanted.replicas)


def _undivided(traits: Traits, wanted: Parallel) -> ConfigError:
    """Return why the network cannot be divided in that way."""
    if not traits.repeats:
        return ConfigError(
            _("parallel is {parallel}: a network is not divided among devices, only copied to several"),
            hint=_("Use Parallel(replicas={count}), or npu.LLM for a language model, which is divided."),
            parallel=str(wanted),
            count=wanted.devices,
        )
    if wanted.pp > 1:
        return ConfigError(
            _("parallel is {parallel}: a pass is one stage of a pipeline, and is profiled alone"),
            hint=_("Leave pp out here, or use serve(), which counts all stages."),
            parallel=str(wanted),
        )
    return ConfigError(
        _("parallel is {parallel}, and the pass was made for tp={shards}"),
        hint=_("Give parallel= to prefill() or decode() when you make the pass, or leave tp out here."),
        parallel=str(wanted),
        shards=traits.shards,
    )
