"""The built-in releases: rows whose facts were read from the vendor's source; pure data.

Source: buildsettings.json and helm/ako on AKO's release branches. The Kubernetes range is a hard
gate: AKO ends its process outside of it. So does it with an Avi Controller below the minimum.
"""

from __future__ import annotations

from typing import Final

from akoo_ako.releases import keys
from akoo_ako.releases.release import Range, Rule
from akoo_ako.releases.rows import AddedKey, BuiltInRow, Keys, Rules

_LATER: Final = (
    "dedicatedTenantMode",
    "vpcMode",
    "enableEndpointSlice",
    "akoCRDOperatorEnabled",
    "fqdnReusePolicy",
)
"""Keys that 1.12.3 does not have."""


def _added(*names: str) -> tuple[AddedKey, ...]:
    return tuple(
        AddedKey(
            name=key.name,
            env=key.variable,
            path=key.path,
            gateway=key.gateway,
        )
        for key in keys.KEYS
        if key.name in names
    )


_OF_CRD_OPERATOR: Final = Rule(
    api_groups=("ako.vmware.com",),
    resources=(
        "healthmonitors",
        "healthmonitors/status",
        "routebackendextensions",
        "routebackendextensions/status",
        "applicationprofiles",
        "applicationprofiles/status",
    ),
    verbs=("get", "list", "watch", "patch", "update"),
)
_ENDPOINT_SLICES: Final = Rule(
    api_groups=("discovery.k8s.io",), resources=("endpointslices",), verbs=("get", "list", "watch")
)
_AVI: Final = Range(min="22.1.3", max="31.1.1")

ROWS: Final = (
    BuiltInRow(
        version="1.12.3",
        kubernetes=Range(min="1.24", max="1.30"),
        avi=Range(min="22.1.3", max="30.2.1"),
        keys=Keys(add=_added(*(keys.BY_NAME.keys() - set(_LATER)))),
        schemas="1.12",
    ),
    BuiltInRow(
        version="1.13.1",
        like="1.12.3",
        kubernetes=Range(min="1.27", max="1.32"),
        avi=_AVI,
        keys=Keys(add=_added("enableEndpointSlice", "fqdnReusePolicy")),
        rules=Rules(add=(_ENDPOINT_SLICES,)),
        schemas="1.13",
    ),
    BuiltInRow(version="1.13.2", like="1.13.1", kubernetes=Range(min="1.24", max="1.32"), avi=_AVI),
    BuiltInRow(
        version="1.13.3",
        like="1.13.2",
        kubernetes=Range(min="1.24", max="1.34"),
        avi=_AVI,
        keys=Keys(add=_added("dedicatedTenantMode", "vpcMode")),
    ),
    BuiltInRow(version="1.13.4", like="1.13.3", kubernetes=Range(min="1.24", max="1.34"), avi=_AVI),
    BuiltInRow(
        version="1.14.1",
        like="1.13.4",
        kubernetes=Range(min="1.29", max="1.34"),
        avi=_AVI,
        keys=Keys(add=_added("akoCRDOperatorEnabled"), remove=("enableEndpointSlice",)),
        rules=Rules(add=(_OF_CRD_OPERATOR,)),
        schemas="2.1",
    ),
    BuiltInRow(version="2.1.1", like="1.14.1", kubernetes=Range(min="1.29", max="1.34"), avi=_AVI),
)
"""Oldest first: each is like one before it."""

DEFAULT: Final = "2.1.1"
"""Of a new install that names no version. An existing one keeps what its record says."""
