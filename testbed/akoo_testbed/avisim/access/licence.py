"""Licence tiers: kinds of clouds, IPAM profiles and fields that the small tiers do not have."""

from akoo_testbed.avisim import versions
from akoo_testbed.avisim.objects import schema
from akoo_testbed.avisim.objects import state as states
from akoo_testbed.avisim.requests import problems

_CLOUDS = {
    "ESSENTIALS": frozenset({"CLOUD_NONE", "CLOUD_VCENTER"}),
    "BASIC": frozenset({"CLOUD_NONE", "CLOUD_NSXT"}),
}
"""Kinds of clouds by tier; IPAM is internal only in both."""
_RANGES_SINCE: versions.Version = (32, 1, 4)
"""The first known release whose small tiers have static ranges (x-editions of the swagger)."""


def check_cloud(state: states.State, vtype: str) -> None:
    """Raises RefusedError for a kind of cloud that the tier does not have."""
    if _refuses(state, "licence") and vtype not in _CLOUDS[_tier(state)]:
        raise problems.bad_request(f"{vtype} is not in the licence")


def check_ipam(state: states.State, profile_type: str) -> None:
    """Raises RefusedError for an IPAM profile that the tier does not have."""
    internal = profile_type.startswith("IPAMDNS_TYPE_INTERNAL")
    if _refuses(state, "licence") and not internal:
        raise problems.bad_request(f"{profile_type} is not in the licence")


def check_fields(state: states.State, data: schema.Json) -> None:
    """Raises RefusedError for markers and static ranges, which the swagger gives to Enterprise."""
    if not _refuses(state, "licence-fields"):
        return
    if data.get("markers"):
        raise problems.bad_request("RoleFilterMatchLabel is not in the licence")
    subnets = data.get("configured_subnets", ())
    if state.profile.version < _RANGES_SINCE and any(s.get("static_ip_ranges") for s in subnets):
        raise problems.bad_request("static_ip_ranges is not in the licence")


def _tier(state: states.State) -> str:
    return str(state.system_configuration.get("default_license_tier", ""))


def _refuses(state: states.State, switch: str) -> bool:
    return state.switches[switch] == "refuse" and _tier(state) in _CLOUDS
