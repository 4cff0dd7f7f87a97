"""Reads of the management cluster for a switch from the ancestor. Thin; it only reads.

Every list is bounded; ``unseen`` names those that could not be read, or not in full. Of Secrets,
Services, Machines and ClusterBootstraps the metadata is read alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from akoo_ako import config
from akoo_ako.installs import kinds
from akoo_ako.installs.seen import at, items, label, metadata_of, name_of, namespace_of
from akoo_ako.migration import ancestor, estate
from akoo_core.plugin import commands, structs
from akoo_core.plugin.kube import (
    AKO_DEPLOYMENT_CONFIGS,
    CUSTOM_RESOURCE_DEFINITIONS,
    PODS,
    SECRETS,
    ForbiddenError,
    KubeClient,
    NotFoundError,
    Resource,
)
from akoo_core.plugin.records import Record

PAGES: Final = 20
"""Pages of one list: 10,000 objects."""
AT_ONCE: Final = 8
"""Workload clusters that are reached at the same time."""


async def read(ctx: commands.CommandContext) -> estate.Estate:
    """The objects, and what answers in workload clusters. Raises KubeErrors but Forbidden and
    NotFound."""
    return await _reached(ctx, await _objects(ctx, _Look(ctx.kube)))


async def read_for_switch(ctx: commands.CommandContext, *, reach: bool = False) -> estate.Estate:
    """The objects as they are now, with those that only a switch needs.

    ``reach``: call the workload clusters as well."""
    look = _Look(ctx.kube)
    objects = await _objects(ctx, look)
    defined = await look.at(
        (CUSTOM_RESOURCE_DEFINITIONS,), field_selector=f"metadata.name={ancestor.DEFINITION}"
    )
    pods = [
        name_of(pod)
        for deployment in objects.deployments
        if (selector := _selector(deployment))
        for pod in await look.at(
            (PODS,), namespace_of(deployment), label_selector=selector, metadata_only=True
        )
    ]
    own = [each for each in ctx.definitions if name_of(each) == ancestor.DEFINITION]
    objects = structs.replace(
        objects,
        definition=defined[0] if defined else None,
        own_definition=own[0] if own else None,
        operator_pods=tuple(sorted(pods)),
        unseen=tuple(look.unseen),
    )
    return await _reached(ctx, objects) if reach else objects


async def _objects(ctx: commands.CommandContext, look: _Look) -> estate.Estate:
    packages = [
        package for package in await look.at(kinds.PACKAGE_INSTALLS) if _is_operator(package)
    ]
    webhooks = [
        obj
        for kind, name in zip(ancestor.WEBHOOK_KINDS, ancestor.WEBHOOKS, strict=True)
        for obj in await look.at((kind,), field_selector=f"metadata.name={name}")
        if _judges_configs(obj)
    ]
    deployments = await look.at(
        (ancestor.DEPLOYMENTS,), field_selector=f"metadata.name={ancestor.OPERATOR}"
    )
    return estate.Estate(
        deployments=tuple(filter(_of_ancestor, deployments)),
        packages=tuple(packages),
        webhooks=tuple(webhooks),
        configs=await look.at((AKO_DEPLOYMENT_CONFIGS,)),
        clusters=await look.at(ancestor.CLUSTERS),
        machines=await look.at(ancestor.MACHINES, metadata_only=True),
        services=await look.at((ancestor.SERVICES,), metadata_only=True),
        addons=await look.at(
            (SECRETS,),
            label_selector=f"{ancestor.ADDON_LABEL}={ancestor.ADDON}",
            metadata_only=True,
        ),
        accounts=await look.at(
            (SECRETS,), field_selector=f"type={ancestor.ACCOUNT_TYPE}", metadata_only=True
        ),
        bootstraps=await look.at(kinds.CLUSTER_BOOTSTRAPS, metadata_only=True),
        infra_settings=await look.at(ancestor.INFRA_SETTINGS, metadata_only=True),
        recorded=_recorded(ctx.records),
        refused=_refused(ctx),
        unseen=tuple(look.unseen),
    )


def _selector(deployment: structs.JSON) -> str:
    """The labels of its Pods; "" where it has none to select them by."""
    labels = at(deployment, "spec.selector.matchLabels") or {}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _of_ancestor(deployment: structs.JSON) -> bool:
    """True for a Deployment of that name that is the ancestor's, not another vendor's."""
    apps = (label(deployment, "app"), at(deployment, "spec.template.metadata.labels.app"))
    return namespace_of(deployment) == ancestor.OPERATOR_NAMESPACE or ancestor.OPERATOR_APP in apps


def _judges_configs(webhook: structs.JSON) -> bool:
    """True for a webhook configuration of that name that judges AKODeploymentConfigs."""
    return any(
        AKO_DEPLOYMENT_CONFIGS.plural in (rule.get("resources") or ())
        for hook in items(webhook, "webhooks")
        for rule in items(hook, "rules")
    )


def _is_operator(package: structs.JSON) -> bool:
    """True for the package of the ancestor itself, not that of its AKO."""
    of_package = str(at(package, "spec.packageRef.refName") or "")
    return ancestor.PACKAGE in (of_package.partition(".")[0], name_of(package))


def _recorded(records: Sequence[Record]) -> dict[str, str]:
    return {
        record.spec.cluster_ref.uid: record.name
        for record in records
        if record.spec.finished_at is None and not record.spec.observed and record.finalizers
    }


def _refused(ctx: commands.CommandContext) -> dict[str, tuple[str, ...]]:
    """The problems that the core, and this plugin, has with the configs."""
    problems = dict(ctx.config_problems)
    for adc in ctx.configs:
        if name_of(adc) in problems:
            continue
        try:
            config.decode(adc)
        except structs.DecodeError as error:
            problems[name_of(adc)] = (str(error),)
    return problems


async def _reached(ctx: commands.CommandContext, objects: estate.Estate) -> estate.Estate:
    """The same, with the workload clusters that were not reached; only those that the ancestor
    serves are called."""
    served = {each.key for each in estate.every_mark(objects) if each.served and not each.deleting}
    clusters = [obj for obj in objects.clusters if estate.key_of(obj) in served]
    if ctx.reach is None:
        sentence = "the workload clusters were not called"
        return structs.replace(objects, unseen=(*objects.unseen, sentence))
    reach, gate = ctx.reach, asyncio.Semaphore(AT_ONCE)
    unreached: dict[str, tuple[str, str]] = {}

    async def call(cluster: structs.JSON) -> None:
        async with gate:
            answer = await reach(cluster)
        if answer.reason:
            unreached[estate.key_of(cluster)] = (answer.reason, answer.message)

    async with asyncio.TaskGroup() as group:
        for cluster in clusters:
            group.create_task(call(cluster))
    return structs.replace(objects, unreached=unreached)


class _Look:
    """Bounded lists of the management cluster."""

    def __init__(self, kube: KubeClient) -> None:
        self._kube = kube
        self.unseen: list[str] = []

    async def at(
        self, versions: tuple[Resource, ...], namespace: str | None = None, **selectors: Any
    ) -> tuple[structs.JSON, ...]:
        """The objects of a kind at the first version that is served; () where none is."""
        for kind in versions:
            try:
                return await self._pages(kind, namespace, **selectors)
            except ForbiddenError:
                self.unseen.append(f"{kind.qualified} may not be listed")
                return ()
            except NotFoundError:
                continue
        return ()

    async def _pages(
        self, kind: Resource, namespace: str | None, **selectors: Any
    ) -> tuple[structs.JSON, ...]:
        objects: list[structs.JSON] = []
        token = ""
        for _ in range(PAGES):
            page = await self._kube.list(kind, namespace, token=token, **selectors)
            kept = {"apiVersion": kind.api_version, "kind": kind.kind}
            objects += ({**obj, **kept} for obj in page.items if metadata_of(obj))
            token = page.token
            if not token:
                return tuple(objects)
        self.unseen.append(f"there are more than {len(objects)} {kind.qualified}")
        return tuple(objects)
