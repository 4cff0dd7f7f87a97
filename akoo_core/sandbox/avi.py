"""The Avi Controller of the sandbox: the simulator, with a network and an account for AKO."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator
from typing import Any

from akoo_testbed import avisim
from akoo_testbed.avisim import client

CLOUD = "Default-Cloud"
QUIET_PERIOD = "1s"
"""Time between the fence and the last count; half a minute unless a config sets another."""
NETWORK, CIDR = "vip-a", "10.70.0.0/24"
AKO_USER = "ako-shop"
OPERATOR_USER = "akoo"
PROFILE = "/api/useraccountprofile/?name=No-Lockout-User-Account-Profile"
"""The account profile that the documentation recommends. By the default one, the wrong passwords of
the AKO that the story breaks lock AKO_USER for half an hour, and no other Cluster's AKO logs in."""
KINDS = (
    "virtualservice",
    "vsvip",
    "pool",
    "poolgroup",
    "l4policyset",
    "httppolicyset",
    "vsdatascriptset",
    "sslkeyandcertificate",
)


class SandboxAvi:
    """A running Avi Controller; the story reads its state past the REST API."""

    def __init__(self, server: avisim.AviServer, admin: client.Client) -> None:
        self.admin = admin
        """A superuser, past the server."""
        self.password = secrets.token_urlsafe(16)
        """Of AKO_USER."""
        self.operator_password = secrets.token_urlsafe(16)
        """Of OPERATOR_USER."""
        self.address = f"{server.host}:{server.port}"
        self.url = server.url
        self.ca_pem = server.ca_pem

    @property
    def controller(self) -> avisim.Controller:
        """The simulated controller itself."""
        return self.admin.controller

    def furnish(self) -> None:
        """Make what an Avi admin provides: a network with addresses, accounts for AKO and us."""
        ends = {
            "begin": {"addr": "10.70.0.10", "type": "V4"},
            "end": {"addr": "10.70.0.99", "type": "V4"},
        }
        prefix = {"ip_addr": {"addr": "10.70.0.0", "type": "V4"}, "mask": 24}
        subnet = {"prefix": prefix, "static_ip_ranges": [{"range": ends}]}
        network = self.admin.post("network", {"name": NETWORK, "configured_subnets": [subnet]})
        usable = {"usable_networks": [{"nw_ref": network["url"]}]}
        ipam = {"name": "ipam", "type": "IPAMDNS_TYPE_INTERNAL", "internal_profile": usable}
        cloud = self.admin.get(f"cloud?name={CLOUD}")["results"][0]
        cloud["ipam_provider_ref"] = self.admin.post("ipamdnsproviderprofile", ipam)["url"]
        self.admin.put(f"cloud/{cloud['uuid']}", cloud)
        access = {
            "role_ref": "/api/role/?name=System-Admin",
            "tenant_ref": "/api/tenant/?name=admin",
        }
        user = {
            "name": AKO_USER,
            "password": self.password,
            "access": [access],
            "user_profile_ref": PROFILE,
        }
        self.admin.post("user", user)
        operator = {**user, "name": OPERATOR_USER, "password": self.operator_password}
        self.admin.post("user", {**operator, "is_superuser": True})

    def marked(self, ako_cluster_name: str) -> list[str]:
        """kind/name of every object of that AKO in all tenants, without the claim."""
        query = f"label_key=clustername&label_value={ako_cluster_name}"
        return [
            f"{kind}/{name}"
            for kind in KINDS
            for name in self.admin.names(f"{kind}?{query}", x_avi_tenant="*")
        ]

    def deleted_by_ako(self) -> int:
        """The number of objects that AKO itself, whatever its user, has deleted so far."""
        deletions = self.admin.controller.journal.entries(method="DELETE")
        others = {OPERATOR_USER, self.admin.user}
        return sum(1 for each in deletions if each.status < 400 and each.subject.user not in others)

    def config(self) -> dict[str, Any]:
        """The fields of an AKODeploymentConfig that point here."""
        return {
            "controller": self.address,
            "cloudName": CLOUD,
            "dataNetwork": {"name": NETWORK, "cidr": CIDR},
            "quietPeriod": QUIET_PERIOD,
        }


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[SandboxAvi]:
    """A furnished controller, until the block ends."""
    password = secrets.token_urlsafe(16)
    controller = avisim.Controller(password=password)
    async with avisim.AviServer(controller) as server:
        avi = SandboxAvi(server, client.Client(controller, password=password))
        avi.furnish()
        yield avi
