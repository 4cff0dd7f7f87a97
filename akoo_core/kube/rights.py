"""Checks the declared rights of our user with SelfSubjectAccessReviews."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from akoo_core import errors
from akoo_core.kube import client
from akoo_core.kube.resource import Resource

ACCESS_REVIEWS = Resource(
    "authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", False
)
CONCURRENT = 8


class Rule(Protocol):
    """A rule of a (Cluster)Role, as plugins declare it."""

    @property
    def groups(self) -> Sequence[str]: ...
    @property
    def resources(self) -> Sequence[str]: ...
    @property
    def verbs(self) -> Sequence[str]: ...
    @property
    def names(self) -> Sequence[str]: ...


class MissingRights(NamedTuple):
    """Verbs that we may not use on one kind (``clusters``, ``clusters/status``)."""

    group: str
    resource: str
    verbs: tuple[str, ...]
    namespace: str = ""
    """The one namespace in which they are needed; "" for all."""

    def __str__(self) -> str:
        plural, _, subresource = self.resource.partition("/")
        qualified = f"{plural}.{self.group}" if self.group else plural
        kind = f"{qualified}/{subresource}" if subresource else qualified
        verbs = ",".join(self.verbs)
        where = f"Role akoo-core in {self.namespace}" if self.namespace else "ClusterRole akoo-core"
        lacks = f"{where} lacks {verbs} on {self.resource}"
        verb = "list" if "list" in self.verbs else self.verbs[0]
        return f"not allowed to {verb} {kind}: {lacks}"


class _Asked(NamedTuple):
    group: str
    resource: str
    verb: str
    name: str


async def missing_rights(
    kube: client.KubeClient, rules: Iterable[Rule], *, namespace: str = ""
) -> tuple[MissingRights, ...]:
    """The ``rules`` that are not granted (in all namespaces, or in one), by group and kind.

    Raises KubeError when the server does not answer.
    """
    asked = sorted({access for rule in rules for access in _expanded(rule)})
    slots = asyncio.Semaphore(CONCURRENT)

    async def refused(access: _Asked) -> bool:
        async with slots:
            return not await _allowed(kube, access, namespace)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [(access, group.create_task(refused(access))) for access in asked]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    verbs: dict[tuple[str, str], list[str]] = {}
    for access, task in tasks:
        if task.result():
            verbs.setdefault((access.group, access.resource), []).append(access.verb)
    return tuple(
        MissingRights(of_group, resource, tuple(dict.fromkeys(lacking)), namespace)
        for (of_group, resource), lacking in verbs.items()
    )


async def check_rights(
    kube: client.KubeClient,
    rules: Iterable[Rule],
    *,
    own: Iterable[Rule] = (),
    namespace: str = "",
    command: str = "akoo-core manifests rbac",
) -> None:
    """Return when all is granted. Raises PrerequisiteError (RightsMissing), or KubeError.

    ``own`` are rules in ``namespace`` only. ``command`` renders the rules for the loaded plugins.
    """
    missing = await missing_rights(kube, rules)
    if namespace:
        missing += await missing_rights(kube, own, namespace=namespace)
    if missing:
        first, *others = missing
        more = f"; and {len(others)} more kinds" if others else ""
        raise errors.PrerequisiteError("RightsMissing", f"{first}{more} (rendered: {command})")


def _expanded(rule: Rule) -> Iterable[_Asked]:
    for group in rule.groups:
        for resource in rule.resources:
            for verb in rule.verbs:
                for name in rule.names or ("",):
                    yield _Asked(group, resource, verb, name)


async def _allowed(kube: client.KubeClient, access: _Asked, namespace: str) -> bool:
    plural, _, subresource = access.resource.partition("/")
    attributes = {
        "group": access.group,
        "resource": plural,
        "subresource": subresource,
        "verb": access.verb,
        "name": access.name,
        "namespace": namespace,
    }
    review = {
        "apiVersion": ACCESS_REVIEWS.api_version,
        "kind": ACCESS_REVIEWS.kind,
        "spec": {"resourceAttributes": {k: v for k, v in attributes.items() if v}},
    }
    answer = await kube.create(ACCESS_REVIEWS, review)
    return bool((answer.get("status") or {}).get("allowed"))
