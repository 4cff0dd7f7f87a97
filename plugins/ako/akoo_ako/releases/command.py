"""``akoo-core ako versions``: the releases, and the clusters that run them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from akoo_ako import names
from akoo_ako.releases import builtin, followed, stored
from akoo_ako.releases.release import Release
from akoo_ako.releases.table import Table
from akoo_ako.releases.used import Clusters, clusters
from akoo_core.plugin import commands, structs
from akoo_core.plugin.records import Record


async def versions(ctx: commands.CommandContext) -> commands.CommandAnswer:
    """The table of releases with the clusters of each."""
    ours, problem = await followed.settings_of(ctx)
    listed = rows(ours.table, ctx.records)
    used = clusters(ctx.records)
    return commands.CommandAnswer(
        lines=(*lines(listed, used), *filter(None, [problem])),
        data={
            "releases": [plain(release, known, used) for release, known in listed],
            **({"problem": problem} if problem else {}),
        },
    )


def rows(table: Table, records: Iterable[Record]) -> list[tuple[Release | str, bool]]:
    """Each release with True if the table has it: those of the table, and those that only records
    know, by a copy of the row or by the version alone."""
    listed: dict[str, tuple[Release | str, bool]] = {
        release.version: (release, True) for release in table.releases
    }
    for record in records:
        intent = record.spec.intents.get(names.PLUGIN)
        version = str(intent.data.get("version", "")) if intent is not None else ""
        if intent is None or not version or version in listed:
            continue
        if record.spec.finished_at is None:
            listed[version] = (stored.release(intent.data, version) or version, False)
    return list(listed.values())


def lines(listed: Sequence[tuple[Release | str, bool]], used: Clusters) -> Iterator[str]:
    """The table as text."""
    cells: list[tuple[str, ...]] = [("AKO", "KUBERNETES", "AVI", "LIKE", "CLUSTERS", "NOTE")]
    cells += [_cells(release, known, used) for release, known in listed]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    for release, _ in listed:
        version = release if isinstance(release, str) else release.version
        if names_of := used.get(version):
            yield f"{version}: {', '.join(names_of)}"


def _cells(release: Release | str, known: bool, used: Clusters) -> tuple[str, ...]:
    if isinstance(release, str):
        return release, "-", "-", "-", str(len(used.get(release, ()))), _note(release, known)
    return (
        release.version,
        str(release.kubernetes),
        str(release.avi),
        "-" if release.built_in else release.base,
        str(len(used.get(release.version, ()))),
        _note(release, known),
    )


def _note(release: Release | str, known: bool) -> str:
    if isinstance(release, str):
        return "not known"
    if not known:
        return "not verified, row removed"
    if not release.built_in:
        return "not verified"
    return "default of new clusters" if release.version == builtin.DEFAULT else ""


def plain(release: Release | str, known: bool, used: Clusters) -> structs.JSON:
    """One release for ``--output json``."""
    version = release if isinstance(release, str) else release.version
    names_of = list(used.get(version, ()))
    if isinstance(release, str):
        return {"version": version, "known": False, "clusters": names_of}
    return {
        "version": version,
        "known": known,
        "verified": release.built_in,
        "like": "" if release.built_in else release.base,
        "kubernetes": {"min": release.kubernetes.min, "max": release.kubernetes.max},
        "avi": {"min": release.avi.min, "max": release.avi.max},
        "definitions": "External" if release.external else "Like",
        "clusters": names_of,
    }


VERSIONS = commands.PluginCommand(
    name="versions",
    help="Show the releases of AKO, what each fits, and which clusters run it.",
    run=versions,
)
