"""Condition VsphereReady on each AKODeploymentConfig: why its port groups are not made."""

from __future__ import annotations

from typing import Final

from akoo_core.plugin import api, conditions, kube, structs
from akoo_core.plugin.conditions import Condition

TYPE: Final = conditions.type_for_plugin("vsphere")
FIELD_MANAGER: Final = "akoo-vsphere-status"
CONFIGS = kube.AKO_DEPLOYMENT_CONFIGS


def ready() -> Condition:
    """Everything that the config wants is there."""
    return Condition(type=TYPE, status="True", reason="PortGroupsDeclared")


def wrong(reason: str, message: str) -> Condition:
    """Something that the config wants is not there."""
    return Condition(type=TYPE, status="False", reason=reason, message=message)


async def write(ctx: api.ControllerContext, obj: kube.Object, condition: Condition | None) -> None:
    """Write the condition into the status; None: the config has nothing of this plugin."""
    before = _current(obj)
    if condition is None and before is None:
        return
    rows: tuple[Condition, ...] = ()
    if condition is not None:
        rows = conditions.merge((before,) if before else (), (condition,), now=ctx.clock.now())
        if before == rows[0]:
            return
    body = {
        "apiVersion": CONFIGS.api_version,
        "kind": CONFIGS.kind,
        "metadata": {"name": obj["metadata"]["name"], "uid": obj["metadata"]["uid"]},
        "status": {"conditions": [structs.to_object(row) for row in rows]},
    }
    try:
        await ctx.kube.apply(CONFIGS, body, field_manager=FIELD_MANAGER, subresource="status")
    except (kube.NotFoundError, kube.ConflictError):
        return  # gone, or made again under its name: the new one gets an attempt of its own


def _current(obj: kube.Object) -> Condition | None:
    for row in (obj.get("status") or {}).get("conditions") or ():
        if isinstance(row, dict) and row.get("type") == TYPE:
            try:
                return structs.convert(row, Condition)
            except structs.DecodeError:
                return None
    return None
