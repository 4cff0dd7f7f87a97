"""Roles in the form of the Avi Controller, and the differences from what it has. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from akoo_core.plugin import structs
from akoo_tenancy.roles import permissions
from akoo_tenancy.roles.plan import MARKER_KEY, Role

_FILTER = "akoo-clustername"


def body(role: Role) -> structs.JSON:
    """The object for a POST; its tenant is that of the request."""
    return {
        "name": role.name,
        "privileges": [
            {"resource": f"{permissions.PREFIX}{resource}", "type": level}
            for resource, level in role.privileges
        ],
        "filters": _filters(role),
        "allow_unlabelled_access": role.unlabelled,
    }


def _filters(role: Role) -> list[structs.JSON]:
    if not role.marker:
        return []
    label = {"key": MARKER_KEY, "values": [role.marker]}
    return [
        {
            "name": _FILTER,
            "enabled": True,
            "match_operation": "ROLE_FILTER_EQUALS",
            "match_label": label,
        }
    ]


def differences(role: Role, existing: structs.JSON) -> tuple[str, ...]:
    """Differences between a role and the object that the controller has, in words.

    Rights on resources that our tables do not know were added by the controller in an upgrade:
    they stay. A subresource narrows a right, so it is a difference.
    """
    have = _rights(existing)
    wanted: Mapping[str, str] = dict(role.privileges)
    problems: list[str] = []
    for resource in sorted({*wanted, *(have.keys() & permissions.KNOWN)}):
        level, current = wanted.get(resource, "NO_ACCESS"), have.get(resource, "NO_ACCESS")
        if level != current:
            problems.append(f"{resource} is {current}, not {level}")
    if _same_filters(existing) != _same_filters(body(role)):
        problems.append("its filters differ")
    if role.marker and bool(existing.get("allow_unlabelled_access", True)) != role.unlabelled:
        problems.append("allow_unlabelled_access differs")
    return tuple(problems)


def repaired(role: Role, existing: structs.JSON) -> structs.JSON:
    """The existing object with our rights; what the controller added stays."""
    fresh = body(role)
    added = [
        entry
        for entry in existing.get("privileges") or ()
        if str(entry.get("resource", "")).removeprefix(permissions.PREFIX) not in permissions.KNOWN
    ]
    return {**existing, **fresh, "privileges": [*fresh["privileges"], *added]}


def _rights(existing: structs.JSON) -> dict[str, str]:
    rights: dict[str, str] = {}
    for entry in existing.get("privileges") or ():
        resource = str(entry.get("resource", "")).removeprefix(permissions.PREFIX)
        narrowed = " of some objects" if entry.get("subresource") else ""
        rights[resource] = f"{entry.get('type', 'NO_ACCESS')}{narrowed}"
    return rights


def _same_filters(role: structs.JSON) -> list[tuple[object, ...]]:
    return sorted(
        (
            bool(entry.get("enabled", True)),
            str(entry.get("match_operation", "ROLE_FILTER_EQUALS")),
            str((entry.get("match_label") or {}).get("key")),
            tuple((entry.get("match_label") or {}).get("values") or ()),
        )
        for entry in role.get("filters") or ()
    )
