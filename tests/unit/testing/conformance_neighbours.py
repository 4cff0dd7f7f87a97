"""Plugins with one mistake each: in what their controllers do to the marks of others."""

from __future__ import annotations

from typing import Any, ClassVar

from akoo_core import structs
from akoo_core.kube.resource import Resource
from akoo_core.plugin import api, conditions
from akoo_core.plugin.kube import Finalizers
from tests.unit.testing import conformance_cloud as cloud
from tests.unit.testing.conformance_cloud import GoodPlugin as Good

DISKS = Resource("cloud.example", "v1", "disks", "Disk", namespaced=False)
FINALIZER = "akoo.io/volume"


class Changed(Good):
    """Registers its controller with other fields."""

    fields: ClassVar[dict[str, Any]] = {}

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        (registration,) = super().controllers()
        return (structs.replace(registration, **self.fields),)


class NeedsAnOptionalKind(Changed):
    fields: ClassVar[dict[str, Any]] = {"optional": (DISKS,)}
    rbac: ClassVar[tuple[api.RbacRule, ...]] = (
        *Good.rbac,
        api.RbacRule(
            groups=("cloud.example",), resources=("disks",), verbs=("get", "list", "watch")
        ),
    )

    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        await ctx.kube.list(DISKS)
        return api.Done()


class TakesConditions(Good):
    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        ready = {"type": "Ready", "status": "True", "reason": "Looked"}
        volume = await ctx.kube.get(cloud.VOLUMES, request.key)
        if (volume.get("status") or {}).get("conditions") != [ready]:
            patch = {"status": {"conditions": [ready]}}
            await ctx.kube.merge_patch(cloud.VOLUMES, request.key, patch, subresource="status")
        return api.Done()


class ReadsConditionsOfOthers(Good):
    """Fails to read the object for a condition that is not its own."""

    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        volume = await ctx.kube.get(cloud.VOLUMES, request.key)
        try:
            for row in (volume.get("status") or {}).get("conditions") or ():
                structs.convert(row, conditions.Condition)
        except structs.DecodeError as error:
            return api.Blocked(reason="VolumeInvalid", message=str(error))
        return api.Done()


class TakesFinalizers(Good):
    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        volume = await ctx.kube.get(cloud.VOLUMES, request.key)
        if volume["metadata"].get("finalizers") != [FINALIZER]:
            patch = {"metadata": {"finalizers": [FINALIZER]}}
            await ctx.kube.merge_patch(cloud.VOLUMES, request.key, patch)
        return api.Done()


class ComparesEverything(Good):
    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        volume = await ctx.kube.get(cloud.VOLUMES, request.key)
        if volume.get("status") != {"ready": True}:
            patch = {"status": {"ready": True}}
            await ctx.kube.merge_patch(cloud.VOLUMES, request.key, patch, subresource="status")
        return api.Done()


class IgnoresHolds(Changed):
    """Deletes what it has outside although somebody else holds the object."""

    fields: ClassVar[dict[str, Any]] = {"finalizer": FINALIZER}

    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        volume = await ctx.kube.get(cloud.VOLUMES, request.key)
        there = request.key in self.cloud.volumes
        uid = volume["metadata"]["uid"]
        finalizers = Finalizers(ctx.kube)
        if "deletionTimestamp" not in volume["metadata"]:
            await finalizers.add(cloud.VOLUMES, FINALIZER, request.key, None, uid=uid, seen=volume)
            if not there:
                async with ctx.external.call("cloud", "POST volume", write=True):
                    self.cloud.volumes.append(request.key)
        elif there:
            async with ctx.external.call("cloud", "DELETE volume", write=True):
                self.cloud.volumes.remove(request.key)
            await finalizers.remove(cloud.VOLUMES, FINALIZER, request.key, None, uid=uid)
        return api.Done()
