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
from akoo_ako.installs.seen import at, metadata_of, name_of
from akoo_ako.migration import ancestor, estate
from akoo_core.plugin import commands, structs
from akoo_core.plugin.kube import (
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
    """The objects. Raises KubeErrors but Forbidden and NotFound."""
    look = _Look(ctx.kube)
    packages = [
        package for package in await look.at(kinds.PACKAGE_INSTALLS) if _is_operator(package)
    ]
    webhooks = [
        obj
        for kind, name in zip(ancestor.WEBHOOK_KINDS, ancestor.WEBHOOKS, strict=True)
        for obj in await look.at((kind,), field_selector=f"metadata.name={name}")
    ]
    objects = estate.Estate(
        deployments=await look.at(
            (ancestor.DEPLOYMENTS,), field_selector=f"metadata.name={ancestor.OPERATOR}"
        ),
        packages=tuple(packages),
        webhooks=tuple(webhooks),
        configs=tuple({**each, "kind": "AKODeploymentConfig"} for each in ctx.configs),
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
    return await _reached(ctx, objects)


def _is_operator(package: structs.JSON) -> bool:
    """True for the package of the ancestor itself, not that of its AKO."""
    of_package = str(at(package, "spec.packageRef.refName") or "")
    return ancestor.PACKAGE in (of_package.partition(".")[0], name_of(package))


def _recorded(records: Sequence[Record]) -> dict[str, str]:
    return {
        record.spec.cluster_ref.uid: record.name
        for record in records
        if record.spec.finished_at is None and not record.spec.observed
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
        self, versions: tuple[Resource, ...], **selectors: Any
    ) -> tuple[structs.JSON, ...]:
        """The objects of a kind at the first version that is served; () where none is."""
        for kind in versions:
            try:
                return await self._pages(kind, **selectors)
            except ForbiddenError:
                self.unseen.append(f"{kind.qualified} may not be listed")
                return ()
            except NotFoundError:
                continue
        return ()

    async def _pages(self, kind: Resource, **selectors: Any) -> tuple[structs.JSON, ...]:
        objects: list[structs.JSON] = []
        token = ""
        for _ in range(PAGES):
            page = await self._kube.list(kind, token=token, **selectors)
            objects += ({**obj, "kind": kind.kind} for obj in page.items if metadata_of(obj))
            token = page.token
            if not token:
                return tuple(objects)
        self.unseen.append(f"there are more than {len(objects)} {kind.qualified}")
        return tuple(objects)
