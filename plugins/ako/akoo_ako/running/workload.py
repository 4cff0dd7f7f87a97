"""AKO's objects as they are in the workload cluster: bounded reads, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from akoo_ako import names
from akoo_core.plugin import names as core_names
from akoo_core.plugin import structs
from akoo_core.plugin.kube import (
    CONFIG_MAPS,
    CORE_EVENTS,
    PODS,
    SECRETS,
    STATEFUL_SETS,
    KubeClient,
    NotFoundError,
    Resource,
)

_PODS = 20
"""Pods of AKO that are looked at in one cluster: two are the most there should be."""
_EVENT_PAGES, _EVENT_PAGE = 3, 100
"""Events of one Pod that are looked at; AKO writes a handful at each start."""


class Deployed(NamedTuple):
    """StatefulSet and Pods of AKO. The first is None when it is not there."""

    stateful_set: structs.JSON | None
    pods: list[structs.JSON]
    strangers: list[structs.JSON] = []
    """Pods with the labels of AKO that something else controls."""
    namespace: str = names.NAMESPACE


async def find(
    kube: KubeClient, namespace: str = names.NAMESPACE, known: Mapping[str, str] | None = None
) -> Deployed:
    """The StatefulSet, and the Pods that its selector or AKO's usual label finds.

    ``known``: labels of the Pods, as they were read while the StatefulSet was there.
    """
    stateful_set = await get(kube, STATEFUL_SETS, names.STATEFUL_SET, namespace)
    listed: dict[str, structs.JSON] = {}
    for selector in selectors(stateful_set, known or {}):
        page = await kube.list(PODS, namespace, label_selector=selector, limit=_PODS)
        listed |= {pod["metadata"]["name"]: pod for pod in page.items}
    own = [pod for pod in listed.values() if is_controlled(pod, stateful_set)]
    strangers = [pod for pod in listed.values() if pod not in own]
    return Deployed(stateful_set, own, strangers, namespace)


def selectors(stateful_set: structs.JSON | None, known: Mapping[str, str]) -> tuple[str, ...]:
    """The label selectors that find all Pods of AKO, as few as possible. Pure.

    AKO's usual label is looser than the selector of any chart that sets it, so that a Pod of
    another install is seen, too.
    """
    spec = (stateful_set or {}).get("spec") or {}
    labels = (spec.get("selector") or {}).get("matchLabels") or known
    own = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    usual = names.POD_SELECTOR in own.split(",")
    return (names.POD_SELECTOR,) if usual or not own else (own, names.POD_SELECTOR)


def is_controlled(pod: structs.JSON, stateful_set: structs.JSON | None) -> bool:
    """The StatefulSet controls the Pod, or nothing is known that does. Pure."""
    uid = (stateful_set or {}).get("metadata", {}).get("uid")
    for reference in pod["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return uid is None or reference.get("uid") == uid
    return True


async def get(
    kube: KubeClient, kind: Resource, name: str, namespace: str = names.NAMESPACE
) -> structs.JSON | None:
    """One object in AKO's namespace; None when it is not there."""
    try:
        return await kube.get(kind, name, namespace)
    except NotFoundError:
        return None


async def events(kube: KubeClient, pod: structs.JSON) -> list[structs.JSON]:
    """The Events on one Pod."""
    listed: list[structs.JSON] = []
    token = ""
    for _ in range(_EVENT_PAGES):
        page = await kube.list(
            CORE_EVENTS,
            pod["metadata"].get("namespace") or names.NAMESPACE,
            field_selector=f"involvedObject.uid={pod['metadata'].get('uid', '')}",
            limit=_EVENT_PAGE,
            token=token,
        )
        listed += page.items
        token = page.token
        if not token:
            break
    return listed


async def credential_metadata(
    kube: KubeClient, namespace: str = names.NAMESPACE
) -> list[structs.JSON]:
    """The metadata of Secret avi-secret, without its values; empty when it is not there."""
    selector = f"metadata.name={names.SECRET}"
    page = await kube.list(SECRETS, namespace, field_selector=selector, limit=1, metadata_only=True)
    return page.items


async def writes_events(kube: KubeClient, namespace: str = names.NAMESPACE) -> bool:
    """AKO writes Events, by its ConfigMap."""
    config_map = await get(kube, CONFIG_MAPS, names.CONFIG_MAP, namespace) or {}
    return bool((config_map.get("data") or {}).get("enableEvents") == "true")


def is_ours(obj: structs.JSON, record_name: str) -> bool:
    """The deploy executor made the object for this record: only then it may be changed."""
    labels = obj["metadata"].get("labels") or {}
    return bool(labels.get(core_names.RECORD_LABEL) == record_name)


def annotation(obj: structs.JSON, key: str) -> str:
    """The annotation, or ""."""
    return str((obj["metadata"].get("annotations") or {}).get(key, ""))


def has_gateway(stateful_set: structs.JSON) -> bool:
    """The Gateway API container is part of it."""
    containers = stateful_set["spec"]["template"]["spec"]["containers"]
    return any(container["name"] == names.GATEWAY_CONTAINER for container in containers)
