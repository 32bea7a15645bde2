"""The command devices: the catalogue."""

from __future__ import annotations

from typing import Annotated

import typer

from npusdk.cli import rooms
from npusdk.cli.exits import ExitCode
from npusdk.cli.reply import give
from npusdk.language import _

Name = Annotated[str | None, typer.Argument(metavar="[NAME]", help=_("Show everything about this device."))]
Vendor = Annotated[str | None, typer.Option("--vendor", metavar="NAME", help=_("Only this vendor's devices."))]
KindOf = Annotated[str | None, typer.Option("--kind", help=_("Only this kind: npu, gpu, ipu or lpu."))]
Dtypes = Annotated[
    list[str] | None,
    typer.Option("--dtype", metavar="NAME", help=_("Only devices with this number format; may be repeated.")),
]
Memory = Annotated[
    str | None, typer.Option("--min-memory", metavar="SIZE", help=_("Only devices with this much memory: 48GiB."))
]


def devices(
    context: typer.Context,
    name: Name = None,
    *,
    vendor: Vendor = None,
    kind: KindOf = None,
    dtype: Dtypes = None,
    min_memory: Memory = None,
) -> ExitCode:
    """Show the catalogue's devices, or everything about one."""
    if name is not None:
        spec = rooms.pipeline.device(name)
        give(context, spec, spec.model_dump(mode="json"))
    else:
        found = rooms.pipeline.devices(vendor, kind, dtypes=dtype or None, min_memory=min_memory)
        give(context, found, [spec.model_dump(mode="json") for spec in found])
    return ExitCode.ANSWERED
