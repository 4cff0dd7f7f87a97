"""The reads of a client, each as a function of an operation."""

from __future__ import annotations

from typing import Any

from akoo_core.plugin.structs import JSON
from akoo_vsphere.allocation import VlanUser
from akoo_vsphere.client import api, errors, wire
from akoo_vsphere.client.answers import inventory, properties, usage
from akoo_vsphere.client.answers.properties import PORT_GROUP, SWITCH, Row
from akoo_vsphere.client.operation import Operation
from akoo_vsphere.client.wire import Fault, Ref, SoapCall


async def about(operation: Operation) -> api.About:
    """The vCenter: asked at login, and the session is shown to be alive now."""
    await operation.prove_alive()
    plain = operation.session.content["about"]
    return api.About(
        instance_uuid=operation.session.instance_uuid,
        version=str(plain.get("version") or ""),
        build=str(plain.get("build") or ""),
        api_version=operation.session.session.api_version,
        root_folder=operation.manager("rootFolder").value,
    )


async def everything(operation: Operation) -> api.Inventory:
    """Datacenters and switches."""
    root = operation.manager("rootFolder")
    paths = {
        "Folder": inventory.PLACE,
        inventory.DATACENTER: inventory.PLACE,
        SWITCH: inventory.SWITCH_PATHS,
    }
    spec = properties.filter_spec([root], paths, properties.NETWORKS)
    rows = await operation.rows(spec, label="inventory", subject=root.value)
    await operation.own(rows, root.value)
    operation.references.learn(row.ref for row in rows)
    return inventory.inventory(rows)


async def port_groups(operation: Operation, switch: str) -> tuple[api.Listed, ...]:
    """Port groups of a switch."""
    groups = await _groups(operation, switch, inventory.LISTED_PATHS, label="portgroups")
    definitions = await attributes(operation)
    return tuple(inventory.listed(row.ref.value, row.fields, definitions) for row in groups)


async def descriptions(operation: Operation, switch: str) -> dict[str, str]:
    """Descriptions of the port groups of a switch."""
    groups = await _groups(operation, switch, (inventory.DESCRIPTION,), label="descriptions")
    return {row.ref.value: str(row.fields.get(inventory.DESCRIPTION) or "") for row in groups}


async def vlans(operation: Operation, switch: str) -> tuple[VlanUser, ...]:
    """Port groups of a switch with a single VLAN."""
    groups = await _groups(operation, switch, inventory.VLAN_PATHS, label="vlans")
    users = (inventory.vlan_user(row.ref.value, row.fields) for row in groups)
    return tuple(user for user in users if user is not None)


async def _groups(
    operation: Operation, switch: str, paths: tuple[str, ...], *, label: str
) -> list[Row]:
    """Port groups of a switch. Some may vanish meanwhile; none may be hidden."""
    start = operation.references.ref(switch)
    wanted = {SWITCH: ("name",), PORT_GROUP: paths}
    spec = properties.filter_spec([start], wanted, properties.OF_SWITCH)
    rows = await operation.rows(spec, label=label, subject=switch)
    own = await operation.own(rows, switch)
    if own.missing:
        raise operation.unreadable(switch, own)
    groups = [row for row in rows if row is not own and not row.gone]
    for row in groups:
        if row.missing:
            raise operation.unreadable(row.ref.value, row)
    return groups


async def port_group(operation: Operation, mo_ref: str) -> JSON:
    """A port group as a plain dict."""
    row = await operation.row(Ref(PORT_GROUP, mo_ref), inventory.PORT_GROUP_PATHS)
    if row.unreadable(inventory.NEEDED) or not isinstance(row.fields.get("config"), dict):
        raise operation.unreadable(mo_ref, row)
    return {"moRef": mo_ref, **wire.mo_refs(dict(row.fields))}


async def port_group_at(operation: Operation, path: str) -> str:
    """moRef of the port group at a path."""
    at = await operation.call(
        SoapCall(
            method="FindByInventoryPath",
            target=operation.manager("searchIndex"),
            arguments={"inventoryPath": path.strip("/")},
            subject=path,
        )
    )
    if isinstance(at, Ref) and at.type == PORT_GROUP:
        return at.value
    await operation.prove_alive()
    raise errors.NotFoundError(
        f"No distributed port group is at {path} on {operation.address}, or not for this account."
    )


async def folder_of(operation: Operation, mo_ref: str) -> str:
    """moRef of the folder of an object; "" if it is not visible."""
    row = await operation.row(operation.references.ref(mo_ref), ("parent",))
    folder = row.fields.get("parent")
    return folder.value if isinstance(folder, Ref) else ""


async def child(operation: Operation, folder: str, name: str) -> api.Child | None:
    """The object of this name in a folder."""
    at = await operation.call(
        SoapCall(
            method="FindChild",
            target=operation.manager("searchIndex"),
            arguments={"entity": operation.references.ref(folder), "name": name},
            subject=f'"{name}"',
        )
    )
    if not isinstance(at, Ref):
        return None
    return api.Child(mo_ref=at.value, port_group=at.type == PORT_GROUP)


async def path(operation: Operation, mo_ref: str) -> str:
    """Inventory path of an object."""
    start = operation.references.ref(mo_ref)
    spec = properties.filter_spec([start], {properties.ENTITY: inventory.PLACE}, properties.UP)
    rows = await operation.rows(spec, label="path", subject=mo_ref)
    own = await operation.own(rows, mo_ref)
    if "name" not in own.fields:
        raise operation.unreadable(mo_ref, own)
    return inventory.Places(rows).path(mo_ref)


async def users(operation: Operation, mo_ref: str, switch: str) -> api.Users:
    """Users of a port group."""
    row = await operation.row(Ref(PORT_GROUP, mo_ref), ("key", "vm"))
    key = str(row.fields.get("key") or mo_ref)
    machines = None if "vm" in row.missing else usage.machines(row.fields.get("vm"))
    ports = await _ports(operation, operation.references.ref(switch), key)
    asked = usage.entities(ports or (), machines or ())[: usage.READ]
    rows: list[Row] = []
    if asked:
        spec = properties.filter_spec(asked, {properties.ENTITY: ("name",)})
        rows = await operation.rows(properties.tolerant(spec), label="users", subject=mo_ref)
    return usage.users(ports, machines, asked, rows)


async def _ports(operation: Operation, switch: Ref, key: str) -> tuple[Any, ...] | None:
    """Connected ports; None: the account may not read them."""
    criteria = {
        "_typeName": "DistributedVirtualSwitchPortCriteria",
        "portgroupKey": [key],
        "inside": True,
        "connected": True,
    }
    try:
        ports = await operation.call(
            SoapCall(
                method="FetchDVPorts",
                target=switch,
                arguments={"criteria": criteria},
                subject=key,
            )
        )
    except Fault as fault:
        if "NoPermission" in fault.kinds:
            return None
        raise
    return tuple(properties.items(ports))


async def missing_privileges(
    operation: Operation, mo_refs: tuple[str, ...], privileges: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """(moRef, privilege) that the account lacks: what vCenter does not grant in its answer."""
    answer = await operation.call(
        SoapCall(
            method="HasPrivilegeOnEntities",
            target=operation.manager("authorizationManager"),
            arguments={
                "entity": [operation.references.ref(mo_ref) for mo_ref in mo_refs],
                "sessionId": operation.session.session.key,
                "privId": list(privileges),
            },
        )
    )
    granted = set(inventory.granted(answer))
    asked = ((mo_ref, privilege) for mo_ref in mo_refs for privilege in privileges)
    return tuple(pair for pair in asked if pair not in granted)


async def attributes(operation: Operation) -> dict[int, str]:
    """Custom attributes of port groups, key to name."""
    manager = operation.manager("customFieldsManager")
    row = await operation.row(manager, ("field",))
    if row.missing:
        raise operation.unreadable(manager.value, row)
    return inventory.attributes(row.fields.get("field"))
