"""Answers of the commands of a switch; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from akoo_ako.migration import report
from akoo_ako.migration.blockers import Blocker
from akoo_ako.migration.switch.change import Change
from akoo_core.plugin import commands, structs


def refused(blockers: Sequence[Blocker]) -> commands.CommandAnswer:
    """Exit code 1, and each reason."""
    lines = [f"Refused: {len(blockers)}"]
    for blocker in blockers:
        lines += (f"  {blocker.reason}: {blocker.object}", f"    {blocker.message}")
    lines.append("Nothing was changed.")
    return commands.CommandAnswer(
        lines=tuple(map(report.shown, lines)),
        data={"blockers": [structs.to_plain(blocker) for blocker in blockers], "changes": []},
        exit_code=1,
    )


def done(changes: Sequence[Change], *sentences: str, exit_code: int = 0) -> commands.CommandAnswer:
    """The changes, and sentences on what comes next."""
    listed = (*_lines(changes), *sentences)
    return commands.CommandAnswer(
        lines=tuple(map(report.shown, listed)),
        data={"changes": [_plain(change) for change in changes], "notes": list(sentences)},
        exit_code=exit_code,
    )


def _lines(changes: Sequence[Change]) -> Iterator[str]:
    for change in changes:
        yield f"{change.step:<11} {change.object}: {change.text}"


def _plain(change: Change) -> structs.JSON:
    return {"step": change.step, "object": change.object, "change": change.text}
