"""The choice of a Node for a Pod: there is no scheduler in the test bed."""

import collections.abc

from akoo_testbed.kubeapi import Object


def choose(
    pod: Object,
    nodes: collections.abc.Iterable[Object],
    load: collections.abc.Mapping[str, int],
) -> str | None:
    """The name of the least loaded Node that takes the Pod, None if none does; pure.

    Honours nodeSelector, cordons, taints and tolerations; no affinity, no resources.
    """
    fit = [node for node in nodes if _takes(node, pod)]
    names = [str(node["metadata"]["name"]) for node in fit]
    return min(names, key=lambda name: (load.get(name, 0), name), default=None)


def is_waiting(pod: Object) -> bool:
    """True if the Pod waits for a scheduler, and for the default one."""
    spec, metadata = pod["spec"], pod["metadata"]
    if spec.get("nodeName") or spec.get("schedulingGates") or "deletionTimestamp" in metadata:
        return False
    return bool(spec.get("schedulerName", "default-scheduler") == "default-scheduler")


def _takes(node: Object, pod: Object) -> bool:
    spec, metadata = node.get("spec", {}), node["metadata"]
    if spec.get("unschedulable") or "deletionTimestamp" in metadata:
        return False
    labels, wanted = metadata.get("labels", {}), pod["spec"].get("nodeSelector") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    tolerations = pod["spec"].get("tolerations") or ()
    taints = [t for t in spec.get("taints") or () if t["effect"] != "PreferNoSchedule"]
    return all(any(_tolerates(tol, taint) for tol in tolerations) for taint in taints)


def _tolerates(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint["key"])
    same_key = toleration.get("key") == taint["key"]
    return bool(same_key and toleration.get("value", "") == taint.get("value", ""))
