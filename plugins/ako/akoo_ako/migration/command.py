"""``akoo-core migrate-akoo``: the switch from the Go ancestor. Only its check exists."""

from __future__ import annotations

from typing import Final

from akoo_ako.migration import read, report
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
GROUP: Final = commands.CommandGroup(
    help="Look at a switch from AKOO, the Go ancestor of akoo-core.", commands=(CHECK,)
)
