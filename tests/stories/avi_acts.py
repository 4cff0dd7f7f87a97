"""Acts of a story on the Avi Controller, past its REST API or as its administrator."""

from __future__ import annotations

from typing import Any

from akoo_testbed import waiting
from akoo_testbed.avisim import client, faults

from tests.stories import avi as avis
from tests.stories import traffic

SECONDS = 60.0


class AviActs:
    """Part of a Scene."""

    avi: avis.Avi
    config: str
    x: str

    @property
    def account(self) -> str:
        """The operator's user for this story's config."""
        return f"operator-{self.config}"

    def fault(self, *, user: str = "", **fault: Any) -> int:
        """Arm a fault that meets the operator's requests for this story (``user="*"``: all)."""
        return self.avi.controller.faults.add(faults.Fault(user=user or self.account, **fault))

    async def until_deleting(self) -> None:
        """Wait until the operator has begun to delete objects on Avi."""
        journal = self.avi.controller.journal
        since = journal.last

        async def begun() -> bool:
            return bool(journal.entries(since=since, method="DELETE", user=self.account))

        await waiting.until(begun, title=f"the first DELETE of {self.account}", seconds=SECONDS)

    async def re_created(self) -> None:
        """Wait until the cluster's AKO has made an object anew that the operator had deleted."""
        journal = self.avi.controller.journal

        async def made() -> bool:
            deleted = [
                entry.number for entry in journal.entries(method="DELETE", user=self.account)
            ]
            since = min(deleted, default=journal.last)
            return bool(journal.entries(since=since, method="POST", user=f"ako-{self.config}"))

        try:
            await waiting.until(made, title=f"an object made anew by {self.x}", seconds=20)
        except TimeoutError as error:
            for entry in journal.entries(user=f"ako-{self.config}")[-40:]:
                error.add_note(str(entry))
            for entry in journal.entries(method="DELETE", user=self.account)[:3]:
                error.add_note(str(entry))
            raise

    def delete_by_hand(self) -> None:
        """An administrator deletes what the cluster has on Avi, as far as it goes."""
        admin = self.avi.admin
        for kind in traffic.KINDS:
            query = f"{kind}?label_key=clustername&label_value={self.x}&page_size=200"
            for result in admin.get(query, x_avi_tenant="*")["results"]:
                if not result["name"].startswith("akoo-claim-"):
                    admin.call("DELETE", f"{kind}/{result['uuid']}", x_avi_tenant="*")

    def refer_to_a_pool(self, name: str) -> str:
        """A virtual service of a user's own that uses one of the cluster's pools; its uuid."""
        admin = self.avi.admin
        query = f"pool?label_key=clustername&label_value={self.x}"
        pool = admin.get(query)["results"][0]
        vip = admin.post(
            "vsvip", {"name": name, "vip": [{"vip_id": "1", "auto_allocate_ip": True}]}
        )
        body = {
            "name": name,
            "vsvip_ref": vip["url"],
            "pool_ref": pool["url"],
            "services": [{"port": 8443}],
        }
        return str(admin.post("virtualservice", body)["uuid"])

    # What our account may see.

    def demote(self, *, role: str = "", access: list[Any] | None = None) -> None:
        """Our account is no superuser any more and has this role in all tenants, or ``access``."""
        if access is None:
            entry = {"role_ref": f"/api/role/?name={role}", "all_tenants": True}
            access = [entry | {"tenant_ref": "/api/tenant/?name=admin"}]
        self._change_account({"is_superuser": False, "access": access})

    def promote(self) -> None:
        """Our account is a superuser again."""
        self._change_account({"is_superuser": True})

    def role(self, name: str, *, without: str = "", only: tuple[str, str] | None = None) -> str:
        """A copy of System-Admin, without a permission or limited to a marker; its name."""
        admin = self.avi.admin
        role = admin.get("role?name=System-Admin")["results"][0]
        body = {
            "name": name,
            "privileges": [
                privilege for privilege in role["privileges"] if privilege["resource"] != without
            ],
            "tenant_ref": role["tenant_ref"],
        }
        if only is not None:
            match = {"key": only[0], "values": [only[1]]}
            body |= {
                "filters": [
                    {"match_operation": "ROLE_FILTER_EQUALS", "match_label": match, "enabled": True}
                ],
                "allow_unlabelled_access": False,
            }
        admin.post("role", body)
        return name

    def _change_account(self, changes: dict[str, Any]) -> None:
        admin: client.Client = self.avi.admin
        user = admin.get(f"user?name={self.account}")["results"][0]
        admin.put(f"user/{user['uuid']}", user | changes)

    # Other places.

    def second_cloud(self) -> str:
        """One more cloud, with an SE group, a network and addresses like the first; its name."""
        return self.avi.new_cloud(f"cloud-{self.config}")

    def second_tenant(self) -> str:
        """One more tenant, which shares cloud and engines of admin; its name."""
        name = f"tenant-{self.config}"
        self.avi.admin.post("tenant", {"name": name})
        return name
