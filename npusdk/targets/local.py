"""The target that everybody has: the emulator and the cost model in this process."""

from __future__ import annotations

from collections.abc import Iterable

from npusdk.catalogue import DeviceList, DeviceSpec
from npusdk.cell import Bundle
from npusdk.cost.price import PriceList
from npusdk.display import Shown
from npusdk.pipeline import Program, check, compare, compile, devices, profile  # noqa: A004 - the public names
from npusdk.pipeline.street import AnyModel
from npusdk.report import Comparison, FitReport, Parallel, ProfileReport
from npusdk.targets.cells import CellRun, run_cell


class LocalTarget(Shown):
    """Emulated devices in this process; every catalogue device is there, none is ever busy."""

    name = "local"

    def devices(self) -> DeviceList:
        """Return the devices that can be named."""
        return devices()

    def check(
        self,
        model: AnyModel,
        devices: str | Iterable[str | DeviceSpec] = "all",
        precision: str = "auto",
        batch: int | None = None,
    ) -> FitReport:
        """Return which devices run a model; see `npusdk.check`."""
        return check(model, devices, precision, batch)

    def compile(
        self, model: AnyModel, device: str | DeviceSpec, precision: str = "auto", batch: int | None = None
    ) -> Program:
        """Return a program for one device; see `npusdk.compile`."""
        return compile(model, device, precision, batch)

    def profile(
        self,
        model: AnyModel,
        device: str | DeviceSpec,
        precision: str = "auto",
        batch: int | None = None,
        *,
        parallel: Parallel | None = None,
        stack: str = "",
        prices: PriceList | None = None,
    ) -> ProfileReport:
        """Return what a model is predicted to take; see `npusdk.profile`."""
        return profile(model, device, precision, batch, parallel=parallel, stack=stack, prices=prices)

    def compare(
        self,
        model: AnyModel,
        devices: str | Iterable[str | DeviceSpec] = "all",
        precision: str | Iterable[str] = "auto",
        batch: int | Iterable[int] | None = None,
        *,
        parallel: Parallel | Iterable[Parallel] | None = None,
        stack: str = "",
        prices: PriceList | None = None,
    ) -> Comparison:
        """Return profiles on several devices, in one way or in several; see `npusdk.compare`."""
        return compare(model, devices, precision, batch, parallel=parallel, stack=stack, prices=prices)

    def run_cell(
        self,
        bundle: Bundle,
        device: str | DeviceSpec,
        precision: str = "auto",
        *,
        timeout_s: float | None = None,
        compare: bool = False,
    ) -> CellRun:
        """Run a captured cell on the emulator of a device; see `npusdk.targets.cells.run_cell`."""
        return run_cell(bundle, device, precision, timeout_s=timeout_s, compare=compare)

    def __repr__(self) -> str:
        return "LocalTarget(emulated devices in this process)"


def local() -> LocalTarget:
    """Return the target in this process, which needs no network and no account."""
    return LocalTarget()
