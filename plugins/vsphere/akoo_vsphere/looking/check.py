"""``akoo-core check vsphere``: vCenters, privileges, port groups with their settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from akoo_core.plugin import api, kube, structs
from akoo_core.plugin.conditions import Condition
from akoo_vsphere.client.account import VCenters
from akoo_vsphere.client.api import About, Inventory, VCenterClient
from akoo_vsphere.connect import access, resolve
from akoo_vsphere.connect.catalog import Catalogs, Reach
from akoo_vsphere.connect.marked import Marked
from akoo_vsphere.controllers import audit, connection_conditions, connections, planned, scene
from akoo_vsphere.controllers.connection_conditions import Look
from akoo_vsphere.observed import Observed
from akoo_vsphere.spec import connection as declared
from akoo_vsphere.spec import port_group, refusal, resources
from akoo_vsphere.spec.connection import Connection
from akoo_vsphere.spec.port_group import PortGroup

HERE = "management cluster"
SHOWN = 3
"""Changes in a message; further ones are counted."""
Findings = tuple[api.Finding, ...]

_STATES: dict[str, api.FindingState] = {"True": "good", "False": "wrong", "Unknown": "unknown"}


async def check(ctx: api.CheckContext, vcenters: VCenters) -> Findings:
    """Each VSphereConnection, the switches that its port groups are on, and the port groups."""
    own = _controller_context(ctx)
    groups, wrong = await _groups(ctx.kube)
    findings = list(wrong)
    known: set[str] = set()
    for item in await audit.every(ctx.kube, resources.CONNECTIONS):
        name = item["metadata"]["name"]
        known.add(name)
        title = f"VSphereConnection/{name}"
        mine = [group for group in groups if group.spec.connection == name]
        try:
            connection = declared.from_object(item)
        except (structs.DecodeError, refusal.Refusal) as error:
            findings.append(_finding(HERE, title, "wrong", str(error)))
            findings += _unasked(HERE, title, mine)
            continue
        findings += await _connection(own, vcenters, connection, mine)
    for group in groups:
        if group.spec.connection not in known:
            message = f"spec.connection: there is no VSphereConnection {group.spec.connection}."
            findings.append(_finding(HERE, _title(group), "wrong", message))
    return tuple(findings)


def _controller_context(ctx: api.CheckContext) -> api.ControllerContext:
    """The context of the controllers, for reading."""
    return api.ControllerContext(
        kube=ctx.kube,
        clock=ctx.clock,
        external=ctx.external,
        secrets=ctx.secrets,
        threads=ctx.threads,
        tracer=ctx.tracer,
        log=ctx.log,
        management_id=ctx.management_id,
        logins=ctx.logins,
    )


async def _connection(
    ctx: api.ControllerContext,
    vcenters: VCenters,
    connection: Connection,
    groups: Sequence[PortGroup],
) -> list[api.Finding]:
    title, address = f"VSphereConnection/{connection.name}", connection.spec.address
    try:
        client = await access.open(ctx, ctx.kube, vcenters, connection, by_command=True)
        about = await client.about()
        scene.check_instance(connection, about)
        inventory = await client.inventory()
        missing = await _missing(client, about, inventory, groups)
    except access.ANSWERED as error:
        _, *asked = connection_conditions.of_error(error)
        rows = [_of_condition(address, title, row, "") for row in asked]
        return [*rows, *_unasked(address, title, groups)]
    _, *asked = connection_conditions.of_look(missing)
    if not groups:
        asked = [row for row in asked if row.type != connection_conditions.PERMITTED]
    rows = [_of_condition(address, title, row, about.version) for row in asked]
    reach = Reach(vcenters, Catalogs(), Marked(), by_command=True)
    for group in groups:
        rows.append(await _group(ctx, reach, group, address))
    return rows


async def _missing(
    client: VCenterClient, about: About, inventory: Inventory, groups: Sequence[PortGroup]
) -> Look:
    """The privileges that lack on the folders of the switches that the port groups name."""
    folders: dict[str, str] = {}
    for group in groups:
        try:
            place = resolve.resolve(group.spec, inventory, group.status.distributed_switch)
        except refusal.Refusal:
            continue  # the finding about the port group has the reason
        folders[place.placed.folder] = place.placed.folder_path
    missing, checked = await connections.missing_on(client, about, folders)
    return Look(address=client.address, about=about, missing=missing, checked=checked)


async def _group(
    ctx: api.ControllerContext, reach: Reach, group: PortGroup, address: str
) -> api.Finding:
    try:
        seen = await planned.outlook(group, ctx, reach)
    except access.ANSWERED as error:
        return _finding(address, _title(group), "wrong", access.answer(error).message)
    writes = [action.why for action in seen.actions if action.action != "keep"]
    data = {"writes": writes, **_settings(seen.observed)}
    if seen.problem:
        return _finding(address, _title(group), "wrong", seen.problem, **data)
    return _finding(address, _title(group), "good", _written(writes), **data)


def _settings(observed: Observed | None) -> dict[str, Any]:
    """The port group as it is in vCenter."""
    if observed is None:
        return {}
    return {
        "name": observed.name,
        "moRef": observed.mo_ref,
        "switch": observed.switch,
        "folder": observed.parent,
        "configVersion": observed.config_version,
        "settings": dict(observed.leaves),
    }


def _written(writes: Sequence[str]) -> str:
    if not writes:
        return "Nothing would be written: it is as it is wanted."
    more = f"; and {len(writes) - SHOWN} more" if len(writes) > SHOWN else ""
    return f"Would be written: {'; '.join(writes[:SHOWN])}{more}."


async def _groups(client: kube.KubeClient) -> tuple[list[PortGroup], list[api.Finding]]:
    groups: list[PortGroup] = []
    wrong: list[api.Finding] = []
    for item in await audit.every(client, resources.PORT_GROUPS):
        try:
            groups.append(port_group.from_object(item))
        except structs.DecodeError as error:
            title = f"{resources.PORT_GROUPS.kind}/{item['metadata']['name']}"
            wrong.append(_finding(HERE, title, "wrong", str(error)))
    return groups, wrong


def _unasked(system: str, title: str, groups: Sequence[PortGroup]) -> Iterator[api.Finding]:
    for group in groups:
        message = f"Not asked, since {title} is not usable."
        yield _finding(system, _title(group), "unknown", message)


def _title(group: PortGroup) -> str:
    return f"{resources.PORT_GROUPS.kind}/{group.name}"


def _of_condition(system: str, title: str, condition: Condition, version: str) -> api.Finding:
    message = condition.message or "Not asked, since an earlier question has no good answer."
    return structs.replace(
        _finding(system, f"{title}: {condition.type}", _STATES[condition.status], message),
        version=version,
        data={"reason": condition.reason},
    )


def _finding(
    system: str, subject: str, state: api.FindingState, message: str, **data: Any
) -> api.Finding:
    return api.Finding(system=system, subject=subject, state=state, message=message, data=data)
