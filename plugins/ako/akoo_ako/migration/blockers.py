"""Obstacles to a switch; pure.

An object that blocks is named with a reason and the way out. A blocker that is ``whole`` stops the
switch of every Cluster, any other that of its own object.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from akoo_ako.installs.seen import annotation, metadata_of, name_of, namespace_of
from akoo_ako.migration import ancestor
from akoo_ako.migration.estate import (
    Estate,
    Marks,
    environment,
    has_finalizer,
    is_deleting,
    key_of,
    named,
    variable,
)
from akoo_core.plugin import names, structs

KUBECONFIG = "Kubeconfig"
"""Reasons that begin so do not go away by waiting."""
SHOWN_PROBLEMS = 3


class Blocker(structs.Struct, frozen=True, kw_only=True):
    """One reason against a switch."""

    reason: str
    object: str
    message: str
    whole: bool = False


def every_blocker(estate: Estate, marks: Sequence[Marks]) -> tuple[Blocker, ...]:
    """All of them: those of the whole switch first."""
    return (
        *_vips(estate),
        *_shared_names(marks),
        *_two_operators(estate),
        *_in_deletion(estate),
        *_kubeconfigs(estate),
        *_cleaning(marks),
        *_configs(estate),
    )


def _vips(estate: Estate) -> Iterator[Blocker]:
    """VIPs of control planes, which end with the ancestor: it alone keeps their Endpoints."""
    there: set[str] = set()
    wanted = {_vip_key(cluster): cluster for cluster in estate.clusters}
    for service in estate.services:
        cluster = wanted.get(key_of(service))
        if cluster is None and not _marked_as_vip(service):
            continue
        there.add(key_of(service))
        yield Blocker(
            reason="HandOverNeeded",
            object=named(cluster or service),
            message=f"The ancestor serves the VIP of a control plane by Service {key_of(service)}: "
            "no other program writes its Endpoints. Stopping the ancestor ends the upkeep of this "
            "VIP. Hand the VIP over to another provider first.",
            whole=True,
        )
    default = any(
        (name, value) == (ancestor.VIP_ENVIRONMENT, "True")
        for deployment in estate.deployments
        for name, value in environment(deployment)
    )
    for key, cluster in wanted.items():
        chosen = variable(cluster, ancestor.VIP_VARIABLE)
        if key not in there and (default if chosen is None else chosen is not False):
            yield Blocker(
                reason="HandOverNeeded",
                object=named(cluster),
                message="Its control plane gets its VIP from the ancestor (variable "
                f"{ancestor.VIP_VARIABLE}, or {ancestor.VIP_ENVIRONMENT} of the ancestor's "
                f"Deployment), and Service {key} does not exist yet. Choose another provider of "
                "the VIP first.",
                whole=True,
            )


def _vip_key(cluster: structs.JSON) -> str:
    namespace = namespace_of(cluster)
    return f"{namespace}/{ancestor.vip_service(namespace, name_of(cluster))}"


def _marked_as_vip(service: structs.JSON) -> bool:
    marked = annotation(service, ancestor.VIP_OF_NAME) and annotation(
        service, ancestor.VIP_OF_NAMESPACE
    )
    if has_finalizer(service, ancestor.VIP_FINALIZER):
        return True
    return bool(marked) and "control-plane" in name_of(service)


def _shared_names(marks: Sequence[Marks]) -> Iterator[Blocker]:
    for name, keys in shared_names(each.key for each in marks if each.served).items():
        for key in keys:
            others = ", ".join(other for other in keys if other != key)
            yield Blocker(
                reason="SharedClusterName",
                object=f"Cluster {key}",
                message=f"AKO calls it {name}, and {others} as well: their objects on Avi cannot "
                "be told apart. Delete one of these Clusters while the ancestor runs, or give it "
                "an AKO with another clusterName.",
            )


def shared_names(keys: Iterator[str] | Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The Clusters (``namespace/name``) of each clusterName that more than one of them has."""
    by_name: dict[str, set[str]] = {}
    for key in keys:
        by_name.setdefault(ancestor.cluster_name(*key.split("/", 1)), set()).add(key)
    return {
        name: tuple(sorted(by_name[name])) for name in sorted(by_name) if len(by_name[name]) > 1
    }


def _two_operators(estate: Estate) -> Iterator[Blocker]:
    for obj in (*estate.configs, *estate.clusters):
        if not has_finalizer(obj, ancestor.FINALIZER):
            continue
        record = estate.recorded.get(str(metadata_of(obj).get("uid")), "")
        if has_finalizer(obj, names.FINALIZER) or record:
            known = f" (AKODeployment {record})" if record else ""
            yield Blocker(
                reason="TwoOperators",
                object=named(obj),
                message=f"It carries the finalizer {ancestor.FINALIZER}, and akoo-core manages it "
                f"as well{known}. Two operators must not manage one object. Stop akoo-core until "
                "it is clear which of them deployed AKO.",
            )


def _in_deletion(estate: Estate) -> Iterator[Blocker]:
    if not estate.operates:
        return  # Its finalizer stands for akoo-core's.
    for obj in (*estate.configs, *estate.clusters):
        ours = has_finalizer(obj, names.FINALIZER)
        if is_deleting(obj) and has_finalizer(obj, ancestor.FINALIZER) and not ours:
            yield Blocker(
                reason="AncestorFinalizer",
                object=named(obj),
                message="It is being deleted, and of the two operators it has the finalizer of "
                "the ancestor only. It cannot get another one now. Wait until the ancestor has "
                "finished it.",
            )


def _kubeconfigs(estate: Estate) -> Iterator[Blocker]:
    for key, (reason, message) in sorted(estate.unreached.items()):
        if reason.startswith(KUBECONFIG):
            yield Blocker(reason=reason, object=f"Cluster {key}", message=message)


def _cleaning(marks: Sequence[Marks]) -> Iterator[Blocker]:
    for each in marks:
        if each.served and each.cleaning and not each.management:
            yield Blocker(
                reason="DeleteConfigSet",
                object=f"Cluster {each.key}",
                message=f"The label {ancestor.CLEAN_LABEL} tells its AKO to delete its objects on "
                "Avi. Take the label off first.",
            )


def _configs(estate: Estate) -> Iterator[Blocker]:
    for name, problems in sorted(estate.refused.items()):
        more = len(problems) - SHOWN_PROBLEMS
        listed = "; ".join(problem[:200] for problem in problems[:SHOWN_PROBLEMS])
        yield Blocker(
            reason="ConfigRefused",
            object=f"AKODeploymentConfig {name}",
            message=f"akoo-core refuses it: {listed}{f'; and {more} more' if more > 0 else ''}. "
            "Correct it while the ancestor runs.",
        )
