"""The kinds of objects that AKO, its gateway container and the CRD operator make on Avi.

One table: what a kind has to be told apart by, which permission shows it, and which kinds can hold
it back. Sources: AKO's documentation of its objects, and the Avi API's schema.
"""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """One kind that a sweep looks at."""

    path: str
    """``pool`` of ``/api/pool``."""
    model: str
    """As the controller calls it when it refuses something: ``Pool``."""
    permission: str
    """The resource in a role's privileges without which its lists are empty."""
    rank: int
    """Place in the order of deletion where references do not decide."""
    holders: tuple[str, ...] = ()
    """Kinds whose objects can refer to it, and so keep it."""
    has_created_by: bool = True
    """It has the field. Which writer fills it is in :mod:`akoo_avi.ownership.writers`."""
    cloud_scoped: bool = False


_POOL_HOLDERS = (
    "virtualservice",
    "poolgroup",
    "httppolicyset",
    "l4policyset",
    "vsdatascriptset",
    "authprofile",
    "dnspolicy",
)
_CERTIFICATE_HOLDERS = (
    "virtualservice",
    "pool",
    "vsdatascriptset",
    "healthmonitor",
    "sslkeyandcertificate",
    "cloud",
    "authprofile",
    "systemconfiguration",
)
_STRING_HOLDERS = (
    "httppolicyset",
    "vsdatascriptset",
    "applicationprofile",
    "virtualservice",
    "analyticsprofile",
    "dnspolicy",
    "ssopolicy",
    "wafpolicy",
)
_PKI_HOLDERS = (
    "pool",
    "applicationprofile",
    "vsdatascriptset",
    "healthmonitor",
    "systemconfiguration",
)

KINDS: tuple[Kind, ...] = (
    Kind(
        "virtualservice",
        "VirtualService",
        "PERMISSION_VIRTUALSERVICE",
        1,
        (
            "virtualservice",
            "ipamdnsproviderprofile",
            "systemconfiguration",
            "tenantsystemconfiguration",
        ),
        cloud_scoped=True,
    ),
    Kind(
        "vsdatascriptset", "VSDataScriptSet", "PERMISSION_VSDATASCRIPTSET", 2, ("virtualservice",)
    ),
    Kind("httppolicyset", "HTTPPolicySet", "PERMISSION_HTTPPOLICYSET", 2, ("virtualservice",)),
    Kind("l4policyset", "L4PolicySet", "PERMISSION_L4POLICYSET", 2, ("virtualservice",)),
    Kind(
        "networksecuritypolicy",
        "NetworkSecurityPolicy",
        "PERMISSION_NETWORKSECURITYPOLICY",
        2,
        ("virtualservice",),
    ),
    Kind(
        "poolgroup",
        "PoolGroup",
        "PERMISSION_POOLGROUP",
        3,
        (
            "virtualservice",
            "httppolicyset",
            "l4policyset",
            "vsdatascriptset",
            "dnspolicy",
            "icapprofile",
        ),
        cloud_scoped=True,
    ),
    Kind("pool", "Pool", "PERMISSION_POOL", 4, _POOL_HOLDERS, cloud_scoped=True),
    Kind(
        "healthmonitor",
        "HealthMonitor",
        "PERMISSION_HEALTHMONITOR",
        5,
        ("pool",),
        has_created_by=False,
    ),
    Kind(
        "applicationprofile",
        "ApplicationProfile",
        "PERMISSION_APPLICATIONPROFILE",
        5,
        ("virtualservice",),
    ),
    Kind(
        "applicationpersistenceprofile",
        "ApplicationPersistenceProfile",
        "PERMISSION_APPLICATIONPERSISTENCEPROFILE",
        5,
        ("pool",),
        has_created_by=False,
    ),
    Kind(
        "sslkeyandcertificate",
        "SSLKeyAndCertificate",
        "PERMISSION_SSLKEYANDCERTIFICATE",
        6,
        _CERTIFICATE_HOLDERS,
    ),
    Kind("pkiprofile", "PKIProfile", "PERMISSION_PKIPROFILE", 6, _PKI_HOLDERS),
    Kind(
        "stringgroup",
        "StringGroup",
        "PERMISSION_STRINGGROUP",
        6,
        _STRING_HOLDERS,
        has_created_by=False,
    ),
    Kind(
        "vsvip",
        "VsVip",
        "PERMISSION_VIRTUALSERVICE",
        6,
        ("virtualservice",),
        has_created_by=False,
        cloud_scoped=True,
    ),
)
"""Kinds whose objects are deleted whole."""

BY_PATH: dict[str, Kind] = {one.path: one for one in KINDS}
BY_MODEL: dict[str, Kind] = {one.model: one for one in KINDS}

VRF = Kind("vrfcontext", "VrfContext", "PERMISSION_VRFCONTEXT", 7, cloud_scoped=True)
SE_GROUP = Kind(
    "serviceenginegroup",
    "ServiceEngineGroup",
    "PERMISSION_SERVICEENGINEGROUP",
    8,
    cloud_scoped=True,
)
EDITED: tuple[Kind, ...] = (VRF, SE_GROUP)
"""Shared objects in which only entries are the cluster's: static routes, labels."""

SEEN: tuple[Kind, ...] = (*KINDS, *EDITED)
"""All that must be seen before it can be said that nothing is left."""


SINGLE = frozenset({"systemconfiguration"})
"""Holders of which a controller has one: read as an object, not as a list."""

_HOLDER_MODELS = {
    "analyticsprofile": "AnalyticsProfile",
    "authprofile": "AuthProfile",
    "cloud": "Cloud",
    "dnspolicy": "DnsPolicy",
    "icapprofile": "IcapProfile",
    "ipamdnsproviderprofile": "IpamDnsProviderProfile",
    "ssopolicy": "SSOPolicy",
    "systemconfiguration": "SystemConfiguration",
    "tenantsystemconfiguration": "TenantSystemConfiguration",
    "wafpolicy": "WafPolicy",
}


def model_of(path: str) -> str:
    """How people and the controller call a kind; the path itself for one that is not here."""
    kind = BY_PATH.get(path) or next((one for one in EDITED if one.path == path), None)
    return kind.model if kind else _HOLDER_MODELS.get(path, path)
