"""``akoo-core migrate-akoo``: the switch from the Go ancestor, and back."""

from __future__ import annotations

from typing import Final

from akoo_ako.migration import read, report
from akoo_ako.migration.switch import back, finish, run
from akoo_core.plugin import commands


async def check(ctx: commands.CommandContext) -> commands.CommandAnswer:
    """The marks of the ancestor, and what blocks a switch. Exit code 1 if something does."""
    checked = report.check(await read.read(ctx))
    return commands.CommandAnswer(
        lines=tuple(report.lines(checked)),
        data=report.plain(checked),
        exit_code=0 if checked.free else 1,
    )


CHECK: Final = commands.PluginCommand(
    name="check",
    help="Show what belongs to AKOO, the Go ancestor, and what blocks a switch from it.",
    run=check,
)
RUN: Final = commands.PluginCommand(
    name="run",
    help="Switch from AKOO to akoo-core. A rerun continues; check comes first.",
    run=run.run,
    preview=run.preview,
    writes=True,
)
BACK: Final = commands.PluginCommand(
    name="back",
    help="Undo a switch: AKOO manages its configs and Clusters again.",
    run=back.back,
    preview=back.preview,
    writes=True,
)
FINISH: Final = commands.PluginCommand(
    name="finish",
    help="Delete what AKOO left behind, and what back needs. There is no way back then.",
    run=finish.finish,
    preview=finish.preview,
    writes=True,
)
GROUP: Final = commands.CommandGroup(
    help="Switch from AKOO, the Go ancestor of akoo-core, and back.",
    commands=(CHECK, RUN, BACK, FINISH),
)
