"""The part of a cluster's page about systems outside, from the last answers of plugins. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from akoo_core import structs
from akoo_core.cli.check.ask import PluginFindings
from akoo_core.cli.plan.ask import PluginPlan
from akoo_core.cli.ui import cluster_page
from akoo_core.cli.ui.outside import Seen
from akoo_core.objects.record import Record
from akoo_core.plugin import api

SHOWN_OBJECTS = 200
"""Objects of a plugin that are shown."""
CONFIG = "AKODeploymentConfig"


class ShownObjects(structs.Struct, frozen=True, kw_only=True):
    """The objects of the cluster that a plugin sees. ``problem``: the reason for none."""

    plugin: str
    objects: tuple[api.PlannedAction, ...]
    total: int
    problem: str


class ShownSystem(structs.Struct, frozen=True, kw_only=True):
    """A system outside. Good answers about the system itself are only counted."""

    name: str
    version: str
    good: int
    findings: tuple[api.Finding, ...]


class ShownOutside(structs.Struct, frozen=True, kw_only=True):
    """Objects and systems. An empty time: the first answer is awaited."""

    objects_at: str
    objects: tuple[ShownObjects, ...]
    objects_problem: str
    systems_at: str
    systems: tuple[ShownSystem, ...]
    systems_problems: tuple[str, ...]


def page_of(
    record: Record, objects: Seen[PluginPlan], systems: Seen[PluginFindings]
) -> ShownOutside:
    """The part for a record that is not finished."""
    failed = [f"{answer.plugin}: {answer.problem}" for answer in systems.answers if answer.problem]
    findings = [finding for answer in systems.answers for finding in answer.findings]
    return ShownOutside(
        objects_at=cluster_page.stamp(objects.at) if objects.at is not None else "",
        objects=tuple(map(_objects, objects.answers)),
        objects_problem=objects.problem,
        systems_at=cluster_page.stamp(systems.at) if systems.at is not None else "",
        systems=tuple(_systems(record, findings)),
        systems_problems=tuple(filter(None, (systems.problem, *failed))),
    )


def _objects(answer: PluginPlan) -> ShownObjects:
    return ShownObjects(
        plugin=answer.plugin,
        objects=answer.actions[:SHOWN_OBJECTS],
        total=len(answer.actions),
        problem=answer.problem,
    )


def _systems(record: Record, findings: Iterable[api.Finding]) -> Iterator[ShownSystem]:
    """The systems in the order of their first answers."""
    grouped: dict[str, list[api.Finding]] = {}
    mine = _names(record)
    for finding in findings:
        if not _individual(finding) or finding.subject in mine:
            grouped.setdefault(finding.system, []).append(finding)
    for name, group in grouped.items():
        shown = [f for f in group if f.state != "good" or _individual(f)]
        yield ShownSystem(
            name=name,
            version=next((finding.version for finding in group if finding.version), ""),
            good=sum(finding.state == "good" for finding in group),
            findings=tuple(shown),
        )


def _names(record: Record) -> frozenset[str]:
    """The objects that the cluster uses, as checks name them."""
    uses = {f"{use.kind}/{use.name}" for use in record.spec.uses}
    return frozenset(uses | {f"{CONFIG}/{record.spec.config_ref.name}"})


def _individual(finding: api.Finding) -> bool:
    """A finding about one object, not about a system: ``Kind/name`` without a question."""
    return "/" in finding.subject and ": " not in finding.subject
