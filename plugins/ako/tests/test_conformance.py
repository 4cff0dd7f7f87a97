"""The AKO plugin does what every plugin must."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from akoo_ako.plugin import AkoPlugin

from akoo_core import testing
from akoo_core.plugin import api
from akoo_core.testing import builders, conformance

SPEC: dict[str, Any] = {
    "controller": "avi.example.com",
    "cloudName": "vc-01",
    "serviceEngineGroup": "seg",
    "dataNetwork": {"name": "vip", "cidr": "10.0.0.0/24"},
    "certificateAuthorityRef": {"name": "ca", "namespace": "avi"},
    "workloadCredentialRef": {"name": "shop-avi", "namespace": "avi"},
}
SECRETS = (
    builders.secret("avi", "shop-avi", "password", username="shop"),
    builders.secret("avi", "ca", "certificateAuthorityData"),
)
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "ako-0",
        "namespace": "avi-system",
        "labels": {"app.kubernetes.io/name": "ako"},
    },
    "spec": {"containers": [{"name": "ako", "image": "ako:2.1.1"}], "nodeName": "node-1"},
    "status": {
        "phase": "Running",
        "containerStatuses": [
            {"name": "ako", "state": {"running": {}}, "ready": True, "restartCount": 0}
        ],
    },
}


def living(*workload: dict[str, Any], **more: Any) -> testing.World:
    """A cluster that gets AKO, with its account in the management cluster."""
    return testing.World(config=builders.config(SPEC), secrets=SECRETS, workload=workload, **more)


def with_an_account_of_another_plugin() -> testing.World:
    """As with a plugin that makes accounts."""
    source = api.SecretSource(namespace="avi", name="shop-avi", key="password")
    account = api.WorkloadCredential(username=source, password=source)
    return living(facts=[account])


class TestConformance(conformance.Suite):
    plugin = AkoPlugin
    scenarios: ClassVar[Mapping[str, Callable[[], testing.World]]] = {
        "nobody runs yet": living,
        "AKO runs": lambda: living(POD),
        "another plugin's account": with_an_account_of_another_plugin,
        "no answer": lambda: living(reachable=False),
        "a config that AKO would refuse": testing.World,
    }
