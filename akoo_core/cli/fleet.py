"""Reads of the management cluster for commands: records, configs, Clusters. No cache."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from typing import TypeVar

from akoo_core import errors, structs
from akoo_core.kube import client, crds, discovery, resource
from akoo_core.kube import errors as kube_errors
from akoo_core.objects import cluster, config
from akoo_core.objects.record import Record, from_object
from akoo_core.reconcile.decide import selection

T = TypeVar("T")


class Records(structs.Struct, frozen=True, kw_only=True):
    """The readable records, sorted by namespace and name of their Clusters, and the others."""

    known: tuple[Record, ...] = ()
    unreadable: tuple[str, ...] = ()
    """``NAME: problem``, one for each record."""


class Configs(structs.Struct, frozen=True, kw_only=True):
    """Every AKODeploymentConfig."""

    known: tuple[config.Config, ...] = ()
    unreadable: tuple[selection.Unreadable, ...] = ()


def now() -> datetime.datetime:
    """The current time, for ages."""
    return datetime.datetime.now(datetime.UTC)


async def listed(
    kube: client.KubeClient, kind: resource.Resource, *, label_selector: str = ""
) -> list[client.Object]:
    """All objects of a kind. Raises PrerequisiteError (CRDsMissing) where ours is not served."""
    objects: list[client.Object] = []
    token = ""
    try:
        while True:
            page = await kube.list(kind, token=token, label_selector=label_selector)
            objects += page.items
            token = page.token
            if not token:
                return objects
    except kube_errors.NotFoundError as error:
        if kind not in crds.OWN:
            raise
        message = f"the API server has no {kind.kind}. {crds.APPLY}"
        raise errors.PrerequisiteError("CRDsMissing", message) from error


async def records(kube: client.KubeClient) -> Records:
    """Every record, sorted by Cluster; living ones before finished ones."""
    return decoded(await listed(kube, resource.AKO_DEPLOYMENTS))


def decoded(objects: Iterable[client.Object]) -> Records:
    """The records of AKODeployments as the API server sends them. Pure."""
    known, broken = _decoded(from_object, objects)
    return Records(
        known=tuple(sorted(known, key=_sort_key)),
        unreadable=tuple(f"{name}: {problem}" for name, problem in broken),
    )


async def configs(kube: client.KubeClient) -> Configs:
    """Every config."""
    return decoded_configs(await listed(kube, resource.AKO_DEPLOYMENT_CONFIGS))


def decoded_configs(objects: Iterable[client.Object]) -> Configs:
    """The configs of AKODeploymentConfigs as the API server sends them. Pure."""
    known, broken = _decoded(config.from_object, objects)
    return Configs(
        known=tuple(known),
        unreadable=tuple(
            selection.Unreadable(name=name, problem=problem) for name, problem in broken
        ),
    )


async def cluster_at(kube: client.KubeClient, namespace: str, name: str) -> cluster.Cluster | None:
    """The Cluster, or None. Raises NotFoundError where Cluster API is not installed."""
    kind = await discovery.clusters(kube)
    try:
        return cluster.from_object(await kube.get(kind, name, namespace))
    except kube_errors.NotFoundError as error:
        if error.kind_missing:
            raise
        return None


async def unknown(kube: client.KubeClient, key: str) -> errors.InputError:
    """The error for a missing Cluster, with similar names."""
    objects = await listed(kube, await discovery.clusters(kube))
    there = [cluster.from_object(obj).key for obj in objects]
    return errors.InputError(f"there is no Cluster {key} and no record of it.{near(key, there)}")


def near(wrong: str, there: Iterable[str]) -> str:
    """`` Did you mean ...?``, or ""."""
    return errors.near(wrong, there, most=3)


def key_of(record: Record) -> str:
    """``namespace/name`` of its Cluster."""
    return f"{record.spec.cluster_ref.namespace}/{record.spec.cluster_ref.name}"


def split(key: str) -> tuple[str, str]:
    """Namespace and name. Raises InputError."""
    namespace, slash, name = key.partition("/")
    if not (namespace and slash and name) or "/" in name:
        raise errors.InputError(f"{key!r} is not NAMESPACE/NAME, for example team-a/shop")
    return namespace, name


def of_cluster(records: Records, key: str) -> tuple[Record, ...]:
    """The records of one Cluster, by its namespace and name."""
    return tuple(record for record in records.known if key_of(record) == key)


def _sort_key(record: Record) -> tuple[str, bool, str]:
    return key_of(record), record.spec.finished_at is not None, record.name


def _decoded(
    decode: Callable[[client.Object], T], objects: Iterable[client.Object]
) -> tuple[list[T], list[tuple[str, str]]]:
    known, broken = [], []
    for obj in objects:
        try:
            known.append(decode(obj))
        except structs.DecodeError as error:
            broken.append((obj["metadata"]["name"], str(error)))
    return known, broken
