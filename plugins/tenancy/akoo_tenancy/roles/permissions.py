"""Permissions that an AKO needs, by its release and the controller's. Pure.

The tables follow the role files that VMware ships with AKO (``docs/roles/*.json`` of its
repository), in releases 1.7 to 2.2.
"""

from __future__ import annotations

from typing import Final, Literal

Release = tuple[int, ...]
Level = Literal["READ_ACCESS", "WRITE_ACCESS"]

READ: Final[Level] = "READ_ACCESS"
WRITE: Final[Level] = "WRITE_ACCESS"
PREFIX: Final = "PERMISSION_"

TENANT_ADMIN_ONLY: Final = frozenset({"CONTROLLER", "ROLE", "TENANT", "USER"})
"""Resources that a controller refuses in a role of any tenant but ``admin``."""

NO_PING_AGENT: Final[Release] = (30, 2, 1)
"""The first controller without PINGACCESSAGENT: it refuses a role that names it."""
WRITTEN_STRING_GROUPS: Final[Release] = (1, 13)
"""The first AKO that writes string groups (for paths with regular expressions)."""

OBJECTS: Final = frozenset(
    {
        "ANALYTICSPROFILE",
        "APPLICATIONPERSISTENCEPROFILE",
        "APPLICATIONPROFILE",
        "AUTOSCALE",
        "CUSTOMIPAMDNSPROFILE",
        "DNSPOLICY",
        "HEALTHMONITOR",
        "HTTPPOLICYSET",
        "IPAMDNSPROVIDERPROFILE",
        "L4POLICYSET",
        "NETWORKPROFILE",
        "NETWORKSECURITYPOLICY",
        "PKIPROFILE",
        "POOL",
        "POOLGROUP",
        "SSLKEYANDCERTIFICATE",
        "STRINGGROUP",
        "TRAFFICCLONEPROFILE",
        "VIRTUALSERVICE",
        "VSDATASCRIPTSET",
    }
)
"""Resources of objects that an AKO makes in its tenants."""

SHARED: Final = frozenset(
    {
        "AUTHPROFILE",
        "CERTIFICATEMANAGEMENTPROFILE",
        "CLOUD",
        "HARDWARESECURITYMODULEGROUP",
        "IPADDRGROUP",
        "NETWORK",
        "PINGACCESSAGENT",
        "PROTOCOLPARSER",
        "SSLPROFILE",
        "SSOPOLICY",
        "SYSTEMCONFIGURATION",
        "WAFPOLICY",
        "WAFPROFILE",
    }
)
"""Resources that an AKO reads in its tenants."""

ROUTED: Final = frozenset({"SERVICEENGINEGROUP", "VRFCONTEXT"})
"""Resources that an AKO writes if it keeps static routes, and otherwise only reads."""

PROVIDER: Final = frozenset({"CLOUD", "IPAMDNSPROVIDERPROFILE", "NETWORK", "SYSTEMCONFIGURATION"})
"""Resources of tenant ``admin`` that an AKO of another tenant reads."""

KNOWN: Final = OBJECTS | SHARED | ROUTED | TENANT_ADMIN_ONLY
"""Resources that these tables speak of. Any other right in a role was added by the controller."""


def readable(controller: Release) -> frozenset[str]:
    """Resources that an AKO reads in its tenants, on this controller."""
    missing = {"PINGACCESSAGENT"} if controller >= NO_PING_AGENT else set()
    return (OBJECTS | SHARED) - missing


def writable(ako: Release) -> frozenset[str]:
    """Resources of objects that this AKO writes."""
    return OBJECTS if ako >= WRITTEN_STRING_GROUPS else OBJECTS - {"STRINGGROUP"}
