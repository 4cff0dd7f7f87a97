"""The AviIPPool of a VSpherePortGroup: made from ``spec.avi.subnet``, and gone before it."""

from __future__ import annotations

from typing import Literal

from akoo_avi.client.access import refusal
from akoo_avi.spec import ip_pool, port_group, resources
from akoo_avi.spec.ip_pool import PORT_GROUP_ANNOTATION, IpPoolSpec, Pool
from akoo_avi.spec.port_group import DeclaredPortGroup
from akoo_core.plugin import api, kube, names, structs

POOLS = resources.AVI_IP_POOLS
PORT_GROUPS = resources.VSPHERE_PORT_GROUPS


def wanted(group: DeclaredPortGroup) -> IpPoolSpec | None:
    """The pool that the port group asks for; None for none. Raises Refusal for a subnet that no
    pool can have. Pure."""
    avi = group.spec.avi
    if avi is None or avi.subnet is None or group.deleting:
        return None
    spec = IpPoolSpec(
        controller=avi.controller,
        cloud=avi.cloud,
        network=ip_pool.NetworkName(port_group_ref=group.name),
        subnets=(avi.subnet,),
    )
    try:
        ip_pool.desired(spec)
    except refusal.Refusal as error:
        problem = f"{error}".removeprefix("spec.subnets").removeprefix("[0]").lstrip(".: ")
        raise refusal.Refusal("InvalidPool", f"spec.avi.subnet: {problem}") from None
    return spec


async def settle(client: kube.KubeClient, group: DeclaredPortGroup) -> None:
    """Make the pool match the port group: create it, change it, or delete it. Raises Refusal,
    ConflictError and other KubeErrors."""
    spec, existing = wanted(group), await find(client, group)
    if existing is not None and existing.port_group != group.name:
        if spec is None:
            return
        raise refusal.Refusal(
            "PoolNameTaken",
            f"AviIPPool/{existing.name} was not made for VSpherePortGroup/{group.name}, and is in "
            "its way. Delete it.",
        )
    try:
        if existing is None and spec is not None:
            await client.create(POOLS, _body(group, spec))
        elif existing is not None and not existing.deleting:
            await _change(client, existing, spec)
    except kube.InvalidError as error:
        raise refusal.Refusal("InvalidPool", f"spec.avi.subnet: {error.message}") from error


async def find(client: kube.KubeClient, group: DeclaredPortGroup) -> Pool | None:
    """The pool of that name, whoever made it. Raises Refusal for an unreadable one."""
    name = port_group.pool_name(group.name)
    try:
        return ip_pool.from_object(await client.get(POOLS, name))
    except kube.NotFoundError:
        return None
    except structs.DecodeError as error:
        raise refusal.Refusal("InvalidPool", f"AviIPPool/{name}: {error}") from error


async def delete(client: kube.KubeClient, pool: Pool) -> None:
    """Delete a pool; its own controller takes its ranges off Avi first."""
    if pool.deleting:
        return
    try:
        await client.delete(POOLS, pool.name, uid=pool.uid)
    except kube.NotFoundError:
        return


async def _change(client: kube.KubeClient, existing: Pool, spec: IpPoolSpec | None) -> None:
    if existing.spec == spec:
        return
    if spec is None or _place(existing.spec) != _place(spec):
        await delete(client, existing)  # made again once it is gone, with another place
        return
    values = structs.to_object(spec)
    whole = {field.key: values.get(field.key) for field in structs.fields(IpPoolSpec)}
    metadata = {"uid": existing.uid, "resourceVersion": existing.resource_version}
    await client.merge_patch(POOLS, existing.name, {"metadata": metadata, "spec": whole})


async def planned(
    client: kube.KubeClient, group: DeclaredPortGroup
) -> tuple[api.PlannedAction, ...]:
    """The actions of ``settle``, or of the deletion. Reads only. Raises Refusal."""
    spec, existing = wanted(group), await find(client, group)
    title = f"VSpherePortGroup/{group.name}"
    if existing is None:
        if spec is None:
            return ()
        return (_action("create", group, f"{title} gives it in spec.avi.subnet"),)
    if existing.port_group != group.name:
        return (_action("keep", group, f"it was not made for {title}"),)
    if existing.deleting:
        return (_action("delete", group, "it is being deleted"),)
    if spec is None:
        return (_action("delete", group, f"{title} no longer gives it"),)
    if existing.spec == spec:
        return (_action("keep", group, f"it says what {title} says"),)
    if _place(existing.spec) != _place(spec):
        return (_action("delete", group, f"{title} names another place; it is made again there"),)
    return (_action("change", group, f"{title} says something else now"),)


def _action(
    action: Literal["create", "change", "delete", "keep"], group: DeclaredPortGroup, why: str
) -> api.PlannedAction:
    return api.PlannedAction(
        action=action,
        kind=POOLS.kind,
        name=port_group.pool_name(group.name),
        where="management cluster",
        why=why,
    )


def _place(spec: IpPoolSpec) -> tuple[object, ...]:
    """The parts that a pool cannot change."""
    return spec.controller, spec.tenant, spec.cloud, spec.network


def _body(group: DeclaredPortGroup, spec: IpPoolSpec) -> kube.Object:
    owner = {
        "apiVersion": PORT_GROUPS.api_version,
        "kind": PORT_GROUPS.kind,
        "name": group.name,
        "uid": group.uid,
        "controller": True,
    }
    return {
        "apiVersion": POOLS.api_version,
        "kind": POOLS.kind,
        "metadata": {
            "name": port_group.pool_name(group.name),
            "annotations": {PORT_GROUP_ANNOTATION: group.name},
            "labels": {names.MANAGED_BY_LABEL: names.MANAGED_BY},
            "ownerReferences": [owner],
        },
        "spec": structs.to_object(spec),
    }
