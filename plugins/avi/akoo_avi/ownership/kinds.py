"""The kinds of objects that AKO, its gateway container and the CRD operator make on Avi.

One table: the marks of a kind, the permission that shows it, and the kinds that can hold it back.
Sources: AKO's documentation of its objects, and the Avi API's schema.
"""

from __future__ import annotations

from typing import NamedTuple


class AviKind(NamedTuple):
    """A kind that a sweep looks at."""

    path: str
    """``pool`` of ``/api/pool``."""
    model: str
    """The controller's name of it in refusals: ``Pool``."""
    permission: str
    """The resource in a role's privileges without which its lists are empty."""
    rank: int
    """Place in the order of deletion where references do not decide."""
    holders: tuple[str, ...] = ()
    """Kinds whose objects can refer to it, and so prevent its deletion."""
    has_created_by: bool = True
    """It has the field. :mod:`akoo_avi.ownership.writers` has the writers that fill it."""
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

KINDS: tuple[AviKind, ...] = (
    AviKind(
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
    AviKind(
        "vsdatascriptset", "VSDataScriptSet", "PERMISSION_VSDATASCRIPTSET", 2, ("virtualservice",)
    ),
    AviKind("httppolicyset", "HTTPPolicySet", "PERMISSION_HTTPPOLICYSET", 2, ("virtualservice",)),
    AviKind("l4policyset", "L4PolicySet", "PERMISSION_L4POLICYSET", 2, ("virtualservice",)),
    AviKind(
        "networksecuritypolicy",
        "NetworkSecurityPolicy",
        "PERMISSION_NETWORKSECURITYPOLICY",
        2,
        ("virtualservice",),
    ),
    AviKind(
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
    AviKind("pool", "Pool", "PERMISSION_POOL", 4, _POOL_HOLDERS, cloud_scoped=True),
    AviKind(
        "healthmonitor",
        "HealthMonitor",
        "PERMISSION_HEALTHMONITOR",
        5,
        ("pool",),
        has_created_by=False,
    ),
    AviKind(
        "applicationprofile",
        "ApplicationProfile",
        "PERMISSION_APPLICATIONPROFILE",
        5,
        ("virtualservice",),
    ),
    AviKind(
        "applicationpersistenceprofile",
        "ApplicationPersistenceProfile",
        "PERMISSION_APPLICATIONPERSISTENCEPROFILE",
        5,
        ("pool",),
        has_created_by=False,
    ),
    AviKind(
        "sslkeyandcertificate",
        "SSLKeyAndCertificate",
        "PERMISSION_SSLKEYANDCERTIFICATE",
        6,
        _CERTIFICATE_HOLDERS,
    ),
    AviKind("pkiprofile", "PKIProfile", "PERMISSION_PKIPROFILE", 6, _PKI_HOLDERS),
    AviKind(
        "stringgroup",
        "StringGroup",
        "PERMISSION_STRINGGROUP",
        6,
        _STRING_HOLDERS,
        has_created_by=False,
    ),
    AviKind(
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

BY_PATH: dict[str, AviKind] = {kind.path: kind for kind in KINDS}
BY_MODEL: dict[str, AviKind] = {kind.model: kind for kind in KINDS}

VRF = AviKind("vrfcontext", "VrfContext", "PERMISSION_VRFCONTEXT", 7, cloud_scoped=True)
SE_GROUP = AviKind(
    "serviceenginegroup",
    "ServiceEngineGroup",
    "PERMISSION_SERVICEENGINEGROUP",
    8,
    cloud_scoped=True,
)
EDITED: tuple[AviKind, ...] = (VRF, SE_GROUP)
"""Shared objects in which only entries are the cluster's: static routes, labels."""

SEEN: tuple[AviKind, ...] = (*KINDS, *EDITED)
"""The kinds that must be seen before a proof that nothing is left."""


SINGLE = frozenset({"systemconfiguration"})
"""Holders that exist once on a controller: read as an object, not as a list."""

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
    """The name of a kind for people and the controller; the path itself for an unknown kind."""
    kind = BY_PATH.get(path) or next((edited for edited in EDITED if edited.path == path), None)
    return kind.model if kind else _HOLDER_MODELS.get(path, path)
