"""One simulated Avi Controller of the stories: furnished, asked and compared from inside."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator
from typing import Any

from akoo_testbed import avisim
from akoo_testbed.avisim import client, snapshots

from tests.stories import oracle, traffic

CLOUD = "Default-Cloud"
NETWORK, CIDR = "vip-a", "10.70.0.0/22"
SE_GROUP = "Default-Group"


class Avi:
    """A controller that serves, with a cloud, a network and addresses for VIPs."""

    def __init__(self, server: avisim.AviServer, admin: client.Client) -> None:
        self.server = server
        self._admin = admin

    @property
    def admin(self) -> client.Client:
        """The administrator, logged in: stories end sessions, also theirs."""
        if self._admin.call("GET", "cluster").status in (401, 419):
            self._admin.cookies.clear()
        return self._admin

    @property
    def controller(self) -> avisim.Controller:
        return self.server.controller

    @property
    def address(self) -> str:
        return f"{self.server.host}:{self.server.port}"

    @property
    def other_address(self) -> str:
        """The same controller by another name."""
        return f"localhost:{self.server.port}"

    @property
    def ca_pem(self) -> str:
        return self.server.ca_pem

    def account(self, name: str, *, superuser: bool = False, role: str = "System-Admin") -> str:
        """Make a user; its password."""
        password = f"Of-{secrets.token_urlsafe(12)}-1"
        access = {"role_ref": f"/api/role/?name={role}", "all_tenants": True}
        access["tenant_ref"] = "/api/tenant/?name=admin"
        body = {"name": name, "password": password, "access": [access]}
        self.admin.post("user", body | ({"is_superuser": True} if superuser else {}))
        return password

    def new_password(self, name: str) -> str:
        """Give a user another password, as an administrator does by hand."""
        user = self.admin.get(f"user?name={name}")["results"][0]
        password = f"New-{secrets.token_urlsafe(12)}-1"
        self.admin.put(f"user/{user['uuid']}", user | {"password": password})
        return password

    def new_cloud(self, name: str) -> str:
        """One more cloud like the first; its name."""
        cloud = self.admin.post("cloud", {"name": name, "vtype": "CLOUD_NONE"})
        _give_addresses(self.admin, cloud, f"ipam-{name}")
        return name

    def marked(self, cluster_name: str) -> list[str]:
        """kind/name of all objects with the mark of a cluster, in all tenants."""
        query = f"label_key=clustername&label_value={cluster_name}"
        return [
            f"{kind}/{name}"
            for kind in traffic.KINDS
            for name in self.admin.names(f"{kind}?{query}", x_avi_tenant="*")
        ]

    def of(self, cluster_name: str) -> list[str]:
        """All that has anything of a cluster, as the oracle sees it; the claim, too."""
        everything = self.controller.snapshot().objects.values()
        return sorted(oracle.traces(everything, cluster_name))

    def others(self, cluster_name: str) -> dict[tuple[str, str], object]:
        """Everything that has nothing of a cluster, without what logins change."""
        return oracle.others(self.controller.snapshot().objects.values(), cluster_name)

    def changes(self, since: snapshots.Snapshot) -> dict[str, object]:
        return self.controller.diff(since).as_dict()


@contextlib.asynccontextmanager
async def serving(profile: str = "30.2.2") -> AsyncIterator[Avi]:
    """A furnished controller, until the block ends."""
    password = secrets.token_urlsafe(16)
    own = secrets.token_hex(4)  # No two real controllers have the same cluster or cloud.
    controller = avisim.Controller(password=password, profile=profile, identity=own)
    async with avisim.AviServer(controller) as server:
        avi = Avi(server, client.Client(controller, password=password))
        _furnish(avi.admin)
        yield avi


def _furnish(admin: client.Client) -> None:
    """Addresses for VIPs in the cloud that every controller has."""
    cloud = admin.get(f"cloud?name={CLOUD}")["results"][0]
    _give_addresses(admin, cloud, "ipam")


def _give_addresses(admin: client.Client, cloud: dict[str, Any], profile: str) -> None:
    ends = {
        "begin": {"addr": "10.70.0.10", "type": "V4"},
        "end": {"addr": "10.70.3.250", "type": "V4"},
    }
    prefix = {"ip_addr": {"addr": "10.70.0.0", "type": "V4"}, "mask": 22}
    subnet = {"prefix": prefix, "static_ip_ranges": [{"range": ends}]}
    body = {"name": NETWORK, "cloud_ref": cloud["url"], "configured_subnets": [subnet]}
    network = admin.post("network", body)
    usable = {"usable_networks": [{"nw_ref": network["url"]}]}
    ipam = {"name": profile, "type": "IPAMDNS_TYPE_INTERNAL", "internal_profile": usable}
    cloud["ipam_provider_ref"] = admin.post("ipamdnsproviderprofile", ipam)["url"]
    admin.put(f"cloud/{cloud['uuid']}", cloud)
