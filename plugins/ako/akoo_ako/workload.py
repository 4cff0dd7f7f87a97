"""AKO's objects as they are in the workload cluster: bounded reads, nothing else."""

from __future__ import annotations

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


async def find(kube: KubeClient) -> Deployed:
    """The StatefulSet and AKO's Pods."""
    stateful_set = await get(kube, STATEFUL_SETS, names.STATEFUL_SET)
    page = await kube.list(PODS, names.NAMESPACE, label_selector=names.POD_SELECTOR, limit=_PODS)
    return Deployed(stateful_set, page.items)


async def get(kube: KubeClient, kind: Resource, name: str) -> structs.JSON | None:
    """One object in AKO's namespace; None when it is not there."""
    try:
        return await kube.get(kind, name, names.NAMESPACE)
    except NotFoundError:
        return None


async def events(kube: KubeClient, pod_uid: str) -> list[structs.JSON]:
    """The Events on one Pod."""
    listed: list[structs.JSON] = []
    token = ""
    for _ in range(_EVENT_PAGES):
        page = await kube.list(
            CORE_EVENTS,
            names.NAMESPACE,
            field_selector=f"involvedObject.uid={pod_uid}",
            limit=_EVENT_PAGE,
            token=token,
        )
        listed += page.items
        token = page.token
        if not token:
            break
    return listed


async def credential_metadata(kube: KubeClient) -> list[structs.JSON]:
    """The metadata of Secret avi-secret, without its values; empty when it is not there."""
    selector = f"metadata.name={names.SECRET}"
    page = await kube.list(
        SECRETS, names.NAMESPACE, field_selector=selector, limit=1, metadata_only=True
    )
    return page.items


async def writes_events(kube: KubeClient) -> bool:
    """AKO writes Events, by its ConfigMap."""
    config_map = await get(kube, CONFIG_MAPS, names.CONFIG_MAP) or {}
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
