"""Labels of SE groups: AKO writes one, clustername, and refuses a group that has another's. Pure.

One that is left behind keeps every other cluster off the group. Groups that only AviInfraSettings
name carry it, too: so all groups of the cloud are looked at.
"""

from __future__ import annotations

import functools

from akoo_avi.ownership import marks
from akoo_avi.ownership import verdict as verdict_
from akoo_avi.ownership.found import Entry
from akoo_avi.ownership.verdict import Verdict
from akoo_avi.spec import names
from akoo_core.plugin import structs

FIELD = "labels"


def judge(label: structs.JSON, mark: marks.Mark, *, our_cloud: bool, outside: str = "") -> Verdict:
    """Whose a label is. ``outside``: why its group is in no tenant that was named."""
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


def entries(group: structs.JSON, mark: marks.Mark, *, our_cloud: bool) -> tuple[Entry, ...]:
    """The labels of a group that are own or suspect."""
    found = []
    outside = verdict_.outside_of(mark, group)
    for label in group.get(FIELD) or ():
        verdict = judge(label, mark, our_cloud=our_cloud, outside=outside)
        if verdict.kind != "foreign":
            found.append(Entry(f"{label['key']}={label['value']}", verdict))
    return tuple(found)


def without_own(group: structs.JSON, mark: marks.Mark, *, our_cloud: bool) -> structs.JSON | None:
    """The group to be written back, all else as it was read; None: nothing to take out."""
    before = group.get(FIELD) or []
    judged = functools.partial(
        judge, mark=mark, our_cloud=our_cloud, outside=verdict_.outside_of(mark, group)
    )
    kept = [one for one in before if judged(one).kind != "own"]
    return None if len(kept) == len(before) else {**group, FIELD: kept}
