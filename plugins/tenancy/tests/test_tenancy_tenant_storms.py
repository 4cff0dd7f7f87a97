"""An AviTenant, strangers and a failing controller in any order.

The oracle knows nothing of marks and plans: it keeps what strangers own, and who made the tenant.
"""

from __future__ import annotations

from typing import Any

from akoo_testbed.avisim import client as admins
from akoo_testbed.avisim import faults
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.tenancy.tenant_world import TenantWorld, tenant

PHASES = (Phase.explicit, Phase.generate)
POLICIES = ("Use", "IfIdentical", "Never")
STEPS = st.one_of(
    st.tuples(st.just("run")),
    st.tuples(st.just("run")),
    st.tuples(st.just("pool")),
    st.tuples(st.just("pool goes")),
    st.tuples(st.just("drift")),
    st.tuples(st.just("status lost")),
    st.tuples(st.just("mark removed")),
    st.tuples(st.just("delete")),
    st.tuples(st.just("fault"), st.sampled_from(["stale", "broken", "lost"])),
)


class Storm:
    """One run, and what the oracle knows."""

    def __init__(self, *, foreign: bool, policy: str, answer: str) -> None:
        self.there = TenantWorld(
            tenant(adoptionPolicy=policy, serviceEngines="Own"), full_tenant_delete=answer
        )
        self.theirs = ""
        """UUID of a tenant that a stranger made, or took the mark from."""
        self.adopted = policy == "IfIdentical"
        self.pool = ""
        if foreign:
            body = {"name": "shop", "config_settings": {"se_in_provider_context": False}}
            self.theirs = self.there.admin.post("tenant", body)["uuid"]
        self.shape = self.row()

    def row(self) -> dict[str, Any] | None:
        rows = self.there.admin.get("tenant?page_size=200")["results"]
        return next((row for row in rows if row["name"] in ("shop", "renamed")), None)

    def take(self, step: tuple[str, ...]) -> None:
        row = self.row()
        match step:
            case ("run",) if self.there.object() is not None:
                self.there.attempt()
            case ("pool",) if row is not None and not self.pool:
                shop = self.shop(row)
                self.pool = shop.post("pool", {"name": "web"})["uuid"]
            case ("pool goes",) if row is not None and self.pool:
                self.shop(row).delete(f"pool/{self.pool}")
                self.pool = ""
            case ("drift",) if row is not None and row["uuid"] != self.theirs:
                self.there.edit_row(row["name"], name="renamed")
            case ("status lost",) if self.there.object() is not None:
                fields = ("tenantUuid", "controllerUuid", "provenance", "appliedGeneration")
                self.there.forget(*fields)
            case ("mark removed",) if row is not None and row["name"] == "shop":
                self.there.edit_row("shop", description="")
                self.theirs = row["uuid"]
                self.shape = self.row()
            case ("delete",) if self.there.object() is not None:
                self.there.delete()
            case ("fault", kind):
                lost = kind == "lost"
                answer = "" if lost else kind
                self.there.avi.faults.add(
                    faults.Fault(answer=answer, drop=lost, after=lost, kind="tenant", method="PUT")
                )
        self.check()

    def shop(self, row: dict[str, Any]) -> admins.Client:
        return admins.Client(
            self.there.avi, password=self.there.admin.password, tenant=str(row["name"])
        )

    def check(self) -> None:
        """A stranger's pool keeps its tenant; a stranger's tenant is there, as it was."""
        row = self.row()
        if self.pool:
            assert row is not None
        if self.theirs:
            assert row is not None
            assert row["uuid"] == self.theirs
            if not self.adopted:
                assert row == self.shape
        elif row is not None and row["uuid"] != self.theirs:
            assert row["description"].startswith("akoo-core/1 ")

    def end(self) -> None:
        """Without strangers' objects the object goes, and a tenant that we made goes with it."""
        if self.pool:
            row = self.row()
            assert row is not None
            self.shop(row).delete(f"pool/{self.pool}")
            self.pool = ""
        self.there.avi.faults.clear()
        if self.there.object() is not None:
            self.there.delete()
        for _ in range(4):
            if self.there.object() is not None:
                self.there.attempt()
                self.there.clock.advance(150)
        assert self.there.object() is None
        self.check()
        if not self.theirs:
            assert self.row() is None


@settings(max_examples=60, deadline=None, phases=PHASES)
@given(
    foreign=st.booleans(),
    policy=st.sampled_from(POLICIES),
    answer=st.sampled_from(["refuse", "cascade"]),
    steps=st.lists(STEPS, max_size=10),
)
def test_any_order(
    *, foreign: bool, policy: str, answer: str, steps: list[tuple[str, ...]]
) -> None:
    storm = Storm(foreign=foreign, policy=policy, answer=answer)
    for step in steps:
        storm.take(step)
    storm.end()
