"""Labels of SE groups: AKO writes one, clustername, and refuses a group that has another's. Pure.

A label that is left behind keeps every other cluster off the group. Groups that only
AviInfraSettings name carry it, too, so all groups of the cloud are read.
"""

from __future__ import annotations

import functools

from akoo_avi.ownership import marks, verdict
from akoo_avi.ownership.judged import JudgedEntry
from akoo_avi.ownership.verdict import Verdict
from akoo_avi.spec import names
from akoo_core.plugin import structs

FIELD = "labels"


def judge(label: structs.JSON, mark: marks.Mark, *, our_cloud: bool, outside: str = "") -> Verdict:
    """The verdict on a label. ``outside``: the reason why its group is in no named tenant."""
    if label.get("key") != names.CLUSTER_MARKER or label.get("value") != mark.cluster_name:
        return Verdict("foreign", "it does not name this cluster")
    why = f"the label is clustername={mark.cluster_name}"
    if not our_cloud:
        return Verdict("suspect", f"{why}, but the group is in another cloud")
    if outside:
        return Verdict("suspect", outside, outside=True)
    if not mark.exclusive:
        return Verdict("suspect", f'{why}, but others use the name "{mark.cluster_name}", too')
    return Verdict("own", why)


def entries(group: structs.JSON, mark: marks.Mark, *, our_cloud: bool) -> tuple[JudgedEntry, ...]:
    """The own and suspect labels of a group."""
    judged = []
    outside = verdict.outside_of(mark, group)
    for label in group.get(FIELD) or ():
        label_verdict = judge(label, mark, our_cloud=our_cloud, outside=outside)
        if label_verdict.kind != "foreign":
            judged.append(JudgedEntry(f"{label['key']}={label['value']}", label_verdict))
    return tuple(judged)


def without_own(group: structs.JSON, mark: marks.Mark, *, our_cloud: bool) -> structs.JSON | None:
    """The group to write back, otherwise as it was read; None: it has no own label."""
    before = group.get(FIELD) or []
    judge_label = functools.partial(
        judge, mark=mark, our_cloud=our_cloud, outside=verdict.outside_of(mark, group)
    )
    kept = [label for label in before if judge_label(label).kind != "own"]
    return None if len(kept) == len(before) else {**group, FIELD: kept}
