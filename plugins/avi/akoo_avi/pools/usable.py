"""The usable networks of a cloud's IPAM profile: virtual services get addresses there. Pure."""

from __future__ import annotations

from akoo_avi.ownership.references import uuid_of
from akoo_core.plugin import structs


def has(profile: structs.JSON, network_uuid: str) -> bool:
    """The network is among the usable ones."""
    return any(uuid_of(entry.get("nw_ref")) == network_uuid for entry in _entries(profile))


def add(profile: structs.JSON, network_uuid: str) -> structs.JSON | None:
    """The profile with the network; None if it has it."""
    if has(profile, network_uuid):
        return None
    entry = {"nw_ref": f"/api/network/{network_uuid}"}
    return _with(profile, [*_entries(profile), entry])


def remove(profile: structs.JSON, network_uuid: str) -> structs.JSON | None:
    """The profile without the network; None if it does not have it."""
    if not has(profile, network_uuid):
        return None
    kept = [entry for entry in _entries(profile) if uuid_of(entry.get("nw_ref")) != network_uuid]
    return _with(profile, kept)


def _entries(profile: structs.JSON) -> list[structs.JSON]:
    return list((profile.get("internal_profile") or {}).get("usable_networks") or ())


def _with(profile: structs.JSON, entries: list[structs.JSON]) -> structs.JSON:
    internal = {**(profile.get("internal_profile") or {}), "usable_networks": entries}
    return {**profile, "internal_profile": internal}
