"""The answer of ``akoo-core migrate-akoo check``, as values and as text; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from akoo_ako.migration import blockers, estate, findings
from akoo_ako.migration.blockers import Blocker
from akoo_ako.migration.estate import Estate
from akoo_ako.migration.findings import Finding
from akoo_ako.migration.steps import adoption
from akoo_core.plugin import structs

LATER = "A switch needs a release of akoo-core that can adopt an AKO. This command only looks."
NEXT = "Next: akoo-core migrate-akoo run."


class Checked(structs.Struct, frozen=True, kw_only=True):
    """The whole answer."""

    operator: tuple[Finding, ...] = ()
    configs: tuple[Finding, ...] = ()
    clusters: tuple[Finding, ...] = ()
    unmarked: int = 0
    """Clusters without any mark."""
    blockers: tuple[Blocker, ...] = ()
    left_over: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()

    @property
    def free(self) -> bool:
        """Nothing blocks, and everything was seen."""
        return not self.blockers and not self.unseen


def check(objects: Estate) -> Checked:
    """The answer for these objects."""
    marks = estate.every_mark(objects)
    return Checked(
        operator=tuple(findings.of_operator(objects)),
        configs=tuple(findings.of_configs(objects, marks)),
        clusters=tuple(findings.of_clusters(objects, marks)),
        unmarked=sum(not each.marked for each in marks),
        blockers=blockers.every_blocker(objects, marks),
        left_over=tuple(findings.left_over(objects)),
        unseen=objects.unseen,
    )


def plain(checked: Checked) -> structs.JSON:
    """For ``--output json``."""
    return {
        "free": checked.free,
        "operator": [structs.to_plain(each) for each in checked.operator],
        "configs": [structs.to_plain(each) for each in checked.configs],
        "clusters": [structs.to_plain(each) for each in checked.clusters],
        "clustersWithoutMarks": checked.unmarked,
        "blockers": [structs.to_plain(each) for each in checked.blockers],
        "leftOver": list(checked.left_over),
        "notLookedAt": list(checked.unseen),
    }


def lines(checked: Checked) -> Iterator[str]:
    """For people. Texts of objects are shown with escapes, so that they stay on their line."""
    yield from map(shown, _lines(checked))


def _lines(checked: Checked) -> Iterator[str]:
    yield "The ancestor" if checked.operator else "The ancestor: nothing of it is deployed"
    yield from _of_findings(checked.operator)
    yield "Configs" if checked.configs else "Configs: none"
    yield from _of_findings(checked.configs)
    marked = len(checked.clusters)
    yield f"Clusters: {marked} with marks of the ancestor, {checked.unmarked} without"
    yield from _of_findings(checked.clusters)
    if checked.left_over:
        yield "Left over"
        yield from (f"  {sentence}" for sentence in checked.left_over)
    if checked.unseen:
        yield "Not looked at"
        yield from (f"  {sentence}" for sentence in checked.unseen)
    yield from _of_blockers(checked)
    if not adoption.possible():
        yield LATER
    elif checked.free and checked.operator:
        yield NEXT


def _of_findings(objects: Iterable[Finding]) -> Iterator[str]:
    for finding in objects:
        yield f"  {finding.object}"
        for mark in finding.marks:
            yield f"    has         {mark}"
        for change in finding.changes:
            yield f"    {change.step:<11} {change.change}"


def _of_blockers(checked: Checked) -> Iterator[str]:
    if checked.free:
        yield "Nothing blocks a switch."
        return
    if checked.blockers:
        yield f"Blocks: {len(checked.blockers)}"
    for blocker in checked.blockers:
        whole = " (the whole switch)" if blocker.whole else ""
        yield f"  {blocker.reason}: {blocker.object}{whole}"
        yield f"    {blocker.message}"
    if checked.unseen:
        yield "Not everything was looked at, so that more may block."


def shown(text: str) -> str:
    """``text`` with an escape for each letter that a terminal would act on, or not show."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
