"""The AKO plugin as it is shipped, beside a plugin that has the verbs it lacks."""

from __future__ import annotations

from typing import Any

from akoo_ako.plugin import AkoPlugin

from akoo_core.plugin import api
from akoo_core.testing import builders, verbs
from tests.sim.sim_fleet import Cast
from tests.sim.sim_outside import CloudPlugin, Outside

NAMESPACE = "akoo-system"
_CONFIG: dict[str, Any] = {
    "controller": "avi.example.com",
    "cloudName": "vc-01",
    "serviceEngineGroup": "seg",
    "dataNetwork": {"name": "vip", "cidr": "10.0.0.0/24"},
    "certificateAuthorityRef": {"name": "ca", "namespace": NAMESPACE},
    "workloadCredentialRef": {"name": "shop-avi", "namespace": NAMESPACE},
}
_CHANGE: dict[str, Any] = {
    "extraConfigs": {"log": {"logLevel": "DEBUG"}, "fullSyncFrequency": "3600"}
}
"""The first is followed by a running AKO, the second starts it anew."""


def _plugins(outside: Outside) -> list[api.Plugin]:
    return [CloudPlugin(outside), verbs.named(AkoPlugin())]


_SECRETS = (
    builders.secret(NAMESPACE, "shop-avi", "password", username="shop"),
    builders.secret(NAMESPACE, "ca", "certificateAuthorityData"),
)


def _alone(outside: Outside) -> list[api.Plugin]:
    return [verbs.named(AkoPlugin())]


REAL = Cast("ako", _plugins, config=_CONFIG, change=_CHANGE, secrets=_SECRETS)
ALONE = Cast("ako alone", _alone, config=_CONFIG, change=_CHANGE, secrets=_SECRETS, verifies=False)
"""Nobody proves anything then: Clusters are let go with NoVerifier."""
