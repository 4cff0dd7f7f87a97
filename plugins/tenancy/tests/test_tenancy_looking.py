"""check, audit and the removal of strays, on a simulated controller and a store in memory."""

from __future__ import annotations

import datetime
from typing import Any

from akoo_avi.client.access.reach import Reach
from akoo_avi.testing.memory import PASSWORD
from akoo_tenancy.journal import record as journals
from akoo_tenancy.journal.record import Owner
from akoo_tenancy.looking import plan
from akoo_tenancy.passwords import Rules
from akoo_tenancy.plugin import TenancyPlugin
from akoo_tenancy.spec import names, settings
from akoo_tenancy.spec.facts import AppliedRights, Former, PlacedTenant, Stored, TenancyAccount
from akoo_tenancy.store import api as stores
from akoo_tenancy.testing.store import MemoryVault
from akoo_testbed.avisim import client as admins

from akoo_core import structs, testing
from akoo_core.objects import record as core_record
from akoo_core.plugin import api, kube
from akoo_core.testing import builders, commands
from tests.tenancy import tenancy_fleet
from tests.tenancy.tenant_world import TenantWorld, tenant

GONE = "akoo-0f3b2c1d4e5a"
OTHER = "akoo-ffffffffffff"
US = builders.MANAGEMENT_ID
ACCOUNT = api.SecretName(namespace="avi", name="account")


class Bed(TenantWorld):
    """A controller and a store with the remains of clusters."""

    def __init__(self) -> None:
        super().__init__()
        self.config = {}  # the one way to a controller is the AviController
        self.vault = MemoryVault(self.clock)

    def tenancy(self) -> TenancyPlugin:
        chosen = settings.Settings(store="Vault")
        plugin = TenancyPlugin(chosen, store=self.vault.stores(), clients=self.clients)
        plugin.name = names.PLUGIN
        return plugin

    def user(self, cluster: str, owner: str = US) -> None:
        name = names.username(cluster, 1)
        mark = names.mark(owner, 1)
        body = {"name": name, "username": name, "full_name": mark, "password": "Long-password-1"}
        self.admin.post("user", body)

    def role(self, name: str) -> None:
        self.admin.post("role", {"name": name, "privileges": []})

    def journal(self, cluster: str, owner: str = US) -> None:
        data = structs.to_object(journals.new(cluster, Owner(management_id=owner, epoch=1)))
        store = self.vault.stores()
        ctx = commands.audit_context_of(self.tenancy(), self, ())
        self.run(store.of(ctx).write(stores.record_key(cluster), data, expected=0))

    def audit(self, records: tuple[core_record.Record, ...] = ()) -> api.Audit:
        result = testing.run_audit(self.tenancy(), self, records=records).result
        assert isinstance(result, api.Audit)
        return result

    def left(self, kind: str) -> list[str]:
        listed = (obj.name for obj in self.avi.state.objects.of_kind(kind))
        return sorted(name for name in listed if name.startswith(("akoo-", "shop-")))

    def remove(self, owner: str) -> Any:
        return testing.run_remove_stray(self.tenancy(), owner, self, records=()).result


def remains() -> Bed:
    bed = Bed()
    for cluster, owner in ((GONE, US), (OTHER, "theirs")):
        bed.user(cluster, owner)
        bed.role(f"{cluster}-read")
        bed.journal(cluster, owner)
    bed.role("shop-read")
    return bed


def test_the_remains_of_a_cluster_are_listed_and_those_of_others_are_not() -> None:
    audit = remains().audit()
    assert audit.unseen == ()
    assert [(stray.kind, stray.name, stray.owner) for stray in audit.strays] == [
        ("Role", f"{GONE}-read", GONE),
        ("User", f"{GONE}-000001", GONE),
        ("Record", f"clusters/{GONE}", GONE),
    ]
    assert {stray.claim for stray in audit.strays if stray.kind != "Role"} == {f"{US}/1"}


def test_they_are_removed_and_a_tombstone_stays() -> None:
    bed = remains()
    assert isinstance(bed.remove(GONE), api.Done)
    assert bed.left("user") == [f"{OTHER}-000001"]
    assert bed.left("role") == [f"{OTHER}-read", "shop-read"]
    assert (bed.vault.data(stores.record_key(GONE)) or {})["state"] == "revoked"
    assert bed.audit().strays == ()
    assert isinstance(bed.remove(GONE), api.Done)


def test_nothing_of_others_is_removed() -> None:
    bed = remains()
    before = bed.avi.journal.entries(writes=True)
    assert bed.remove(OTHER).reason == "ForeignRecord"
    assert bed.remove("shop").reason == "NotAName"
    assert bed.avi.journal.entries(writes=True) == before


def test_a_controller_that_does_not_answer_is_listed() -> None:
    bed = remains()
    bed.admin.delete(f"user/{bed.admin.get('user?name=operator')['results'][0]['uuid']}")
    audit = bed.audit()
    assert [stray.kind for stray in audit.strays] == ["Record"]
    assert audit.unseen[0].startswith("avi.example.com: ")


def tenants() -> Bed:
    """Tenants of ours and of others; the AviTenant of one of them is there."""
    bed = Bed()
    bed.management.seed(tenant("kept"))
    for name, owner, by in (
        ("shop", US, "Created"),
        ("taken", US, "Adopted"),
        ("kept", US, "Created"),
        ("theirs", "theirs", "Created"),
    ):
        mark = f"akoo-core/1 id={owner} name={name} by={by}"
        bed.admin.post("tenant", {"name": name, "description": mark})
    bed.admin.post("tenant", {"name": "people"})
    return bed


def in_tenant(bed: Bed, name: str) -> core_record.Record:
    """A living record whose objects are in that tenant."""
    row = bed.row(name)
    assert row is not None
    stored = Stored(
        reach=Reach(address="avi.example.com", credential=ACCOUNT),
        controller_uuid="cluster-1",
        tenants=(PlacedTenant(name=name, uuid=row["uuid"]),),
    )
    intent = core_record.StoredIntent(version=1, data=structs.to_object(stored))
    spec = structs.replace(builders.record_spec(), intents={names.PLUGIN: intent})
    now = bed.clock.now()
    return core_record.Record(name=OTHER, uid="u-1", resource_version="1", created=now, spec=spec)


def listed(bed: Bed, *records: core_record.Record) -> list[tuple[str, str, str]]:
    audit = bed.audit(records)
    assert audit.unseen == ()
    return [(stray.kind, stray.name, stray.owner) for stray in audit.strays]


def test_tenants_of_ours_without_their_avi_tenant_are_listed() -> None:
    bed = tenants()
    assert listed(bed) == [
        ("Tenant", "shop", "AviTenant/shop"),
        ("Tenant", "taken", "AviTenant/taken"),
    ]
    assert {stray.claim for stray in bed.audit().strays} == {US}
    assert listed(bed, in_tenant(bed, "shop")) == [("Tenant", "taken", "AviTenant/taken")]


def test_an_empty_tenant_is_deleted_and_a_full_one_is_left() -> None:
    bed = tenants()
    bed.put("pool", {"name": "web"})
    refused = bed.remove("AviTenant/shop")
    assert refused.reason == "NotEmpty"
    assert "pool web" in refused.message
    assert bed.row() is not None
    pool = admins.Client(bed.avi, password=PASSWORD, tenant="shop")
    pool.delete(f"pool/{pool.get('pool')['results'][0]['uuid']}")
    assert isinstance(bed.remove("AviTenant/shop"), api.Done)
    assert bed.row() is None
    assert isinstance(bed.remove("AviTenant/shop"), api.Done), "twice is once"


def test_a_tenant_that_was_taken_over_stays_without_our_mark() -> None:
    bed = tenants()
    assert isinstance(bed.remove("AviTenant/taken"), api.Done)
    assert (bed.row("taken") or {})["description"] == ""
    assert listed(bed) == [("Tenant", "shop", "AviTenant/shop")]


def test_no_other_tenant_is_removed() -> None:
    bed = tenants()
    before = bed.avi.journal.entries(writes=True)
    assert bed.remove("AviTenant/kept").reason == "OwnerLives"
    for name in ("theirs", "people", "admin"):
        assert isinstance(bed.remove(f"AviTenant/{name}"), api.Done)
    assert bed.avi.journal.entries(writes=True) == before


def test_tenants_are_not_judged_while_avi_tenants_cannot_be_read() -> None:
    bed = tenants()
    bed.management.faults.before("list avitenants", kube.ForbiddenError("no"), times=99)
    audit = bed.audit()
    assert audit.strays == ()
    assert [problem for problem in audit.unseen if problem.startswith("tenants: ")]
    assert bed.remove("AviTenant/shop").reason == "OwnersUnknown"
    assert bed.row() is not None


def after_a_takeover(bed: Bed, uuid: str, name: str = "old") -> core_record.Record:
    """A living record whose AKO had the account of others before."""
    former = structs.to_object(Former(username=name, user_uuid=uuid, left_at=bed.clock.now()))
    fact = core_record.StoredFact(plugin=names.PLUGIN, version=1, data={"former": former})
    spec = structs.replace(builders.record_spec(), facts={"TenancyAccount": fact})
    now = bed.clock.now()
    return core_record.Record(name=GONE, uid="u-1", resource_version="1", created=now, spec=spec)


def test_the_account_of_others_that_an_ako_had_is_listed_while_it_is_there() -> None:
    bed = Bed()
    bed.admin.post("user", {"name": "old", "password": "Long-password-1"})
    uuid = bed.admin.get("user?name=old")["results"][0]["uuid"]
    listed = bed.audit((after_a_takeover(bed, uuid),)).strays
    assert [(stray.kind, stray.name, stray.owner) for stray in listed] == [
        ("FormerUser", "old", GONE)
    ]
    assert bed.audit((after_a_takeover(bed, uuid, "new"),)).strays == ()
    assert bed.audit((after_a_takeover(bed, "user-2"),)).strays == ()
    bed.remove(GONE)
    assert bed.admin.get("user?name=old")["count"] == 1, "never removed from here"


def findings(bed: Bed) -> dict[str, tuple[str, str]]:
    result: Any = testing.run_check(bed.tenancy(), bed).result
    return {finding.subject: (finding.state, finding.message) for finding in result}


def test_check_names_the_rights_to_grant() -> None:
    bed = Bed()
    assert {state for state, _ in findings(bed).values()} == {"good"}
    privileges = [
        {"resource": f"PERMISSION_{name}", "type": kind}
        for name, kind in (
            ("USER", "WRITE_ACCESS"),
            ("ROLE", "READ_ACCESS"),
            ("TENANT", "READ_ACCESS"),
            ("CONTROLLER", "READ_ACCESS"),
        )
    ]
    role = bed.admin.post("role", {"name": "narrow", "privileges": privileges})
    user = bed.admin.get("user?name=operator")["results"][0]
    access = [{"role_ref": role["url"], "tenant_ref": "/api/tenant/admin", "all_tenants": True}]
    body = {**user, "is_superuser": False, "access": access}
    bed.admin.put(f"user/{user['uuid']}", body)
    state, message = findings(bed)["AviController/main: accounts"]
    assert state == "wrong"
    assert "may not write PERMISSION_ROLE" in message


def test_check_asks_for_tenant_only_where_there_are_avi_tenants() -> None:
    def narrow(bed: Bed) -> tuple[str, str]:
        privileges = [
            {"resource": f"PERMISSION_{name}", "type": kind}
            for name, kind in (
                ("USER", "WRITE_ACCESS"),
                ("ROLE", "WRITE_ACCESS"),
                ("TENANT", "READ_ACCESS"),
                ("CONTROLLER", "READ_ACCESS"),
            )
        ]
        role = bed.admin.post("role", {"name": "narrow", "privileges": privileges})
        user = bed.admin.get("user?name=operator")["results"][0]
        access = [{"role_ref": role["url"], "tenant_ref": "/api/tenant/admin", "all_tenants": True}]
        body = {**user, "is_superuser": False, "access": access}
        bed.admin.put(f"user/{user['uuid']}", body)
        return findings(bed)["AviController/main: accounts"]

    assert narrow(Bed()) == ("good", "Our account may write users and roles.")
    bed = Bed()
    bed.management.seed(tenant())
    state, message = narrow(bed)
    assert state == "wrong"
    assert "may not write PERMISSION_TENANT" in message


def test_check_says_what_is_wrong_with_the_store() -> None:
    bed = Bed()
    bed.vault.seal()
    state, message = findings(bed)["records"]
    assert state == "unknown"
    assert "sealed" in message


def planned(verb: api.PlannedVerb, **spec: Any) -> list[tuple[str, str]]:
    bed = Bed()
    account = {"namespace": "avi", "name": "account"}
    bed.config = builders.config()
    bed.config["spec"] |= {"controller": "avi.example.com", "adminCredentialRef": account, **spec}
    result: Any = testing.run_plan(bed.tenancy(), verb, bed).result
    return [(action.action, action.kind) for action in result]


def test_the_plan_of_a_new_cluster_is_an_account() -> None:
    assert planned("prepare") == [("create", "Account")]
    assert planned("sweep") == []


def test_there_is_no_plan_for_a_cluster_with_another_account() -> None:
    assert planned("prepare", workloadCredentialRef={"namespace": "avi", "name": "other"}) == []


def rows(account: TenancyAccount, days: int) -> list[tuple[str, str, str]]:
    """The plan of a cluster that has this account, some days later."""
    config = builders.config(tenancy_fleet.SPEC)
    data = structs.to_object(account)
    fact = core_record.StoredFact(plugin=names.PLUGIN, version=1, data=data)
    spec = structs.replace(builders.record_spec(), facts={"TenancyAccount": fact})
    view = api.View(record_name=GONE, spec=spec, cluster=None, config=config, plugin_config=None)
    now = account.since + datetime.timedelta(days=days)
    return [(row.action, row.kind, row.name) for row in plan.plan(view, "prepare", now)]


def test_the_plan_of_an_account_has_what_is_due() -> None:
    rights = AppliedRights(
        digest="", controller="30.2.2", access=(), profile="p", rules=Rules(), isolation="Marker"
    )
    account = TenancyAccount(
        sequence=3,
        user_uuid="user-3",
        phase="Active",
        reason="Age",
        since=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        rights=rights,
    )
    own = ("Account", GONE)
    assert rows(account, 1) == [("keep", *own)]
    assert rows(account, 31) == [("change", *own)]
    former = Former(username="old", user_uuid="user-1", left_at=account.since, kept="why")
    busy = structs.replace(account, repair="its access differs", former=former)
    assert rows(busy, 1) == [
        ("keep", *own),
        ("change", "Account", "sequence 3"),
        ("keep", "FormerUser", "old"),
    ]
    going = structs.replace(account, former=structs.replace(former, released=True))
    assert rows(going, 1)[1] == ("delete", "FormerUser", "old")
