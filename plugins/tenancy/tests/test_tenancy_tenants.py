"""AviTenants on a simulated controller: made, used, adopted, repaired, taken away."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_avi.client.access.avi_controller import AVI_CONTROLLERS
from akoo_tenancy.tenants import contents
from akoo_testbed.avisim import client as admins
from akoo_testbed.avisim import controller
from akoo_testbed.avisim.special import tenants as made_by_avi

from akoo_core.kube import resource as kube_resource
from akoo_core.plugin import api
from akoo_core.testing import builders
from tests.tenancy.tenant_world import TenantWorld, tenant, using

MARK = f"akoo-core/1 id={builders.MANAGEMENT_ID} name=shop by=Created"
PROFILES = ("22.1.7", "30.2.2", "31.2.2")


def made(*, profile: str = "30.2.2", **spec: Any) -> TenantWorld:
    """A world with the tenant in force."""
    there = TenantWorld(tenant(**spec), profile=profile)
    assert isinstance(there.attempt(), api.Done)
    return there


def beside(settings: dict[str, bool] | None = None, **spec: Any) -> TenantWorld:
    """A world with a tenant of somebody else under the name."""
    there = TenantWorld(tenant(**spec))
    body: dict[str, Any] = {"name": "shop", "description": "of the shop team"}
    there.admin.post("tenant", {**body, **({"config_settings": settings} if settings else {})})
    return there


class TestMaking:
    def test_it_is_made_with_the_mark_and_its_settings(self) -> None:
        there = made(serviceEngines="Own", vrf="Own")
        row = there.row()
        assert row is not None
        assert row["description"] == MARK
        assert row["config_settings"]["se_in_provider_context"] is False
        assert row["config_settings"]["tenant_vrf"] is True
        assert there.ready()[:2] == ("True", "Applied")
        status = there.status()
        assert (status["tenantUuid"], status["provenance"]) == (row["uuid"], "Created")
        assert status["tenantName"] == "shop"
        assert "creatingSince" not in status

    def test_at_rest_nothing_is_written(self) -> None:
        there = made()
        before = there.writes, there.object()
        there.attempt()
        assert (there.writes, there.object()) == before

    def test_without_settings_those_of_the_controller_hold(self) -> None:
        there = made()
        there.edit_row(config_settings={"se_in_provider_context": False})
        there.attempt()
        row = there.row()
        assert row is not None
        assert row["config_settings"]["se_in_provider_context"] is False

    def test_another_name_on_avi(self) -> None:
        there = made(tenantName="The Shop (1)")
        assert there.row("The Shop (1)") is not None
        assert there.status()["tenantName"] == "The Shop (1)"

    def test_the_controller_is_held_before_the_first_write(self) -> None:
        there = made()
        (held,) = (
            obj
            for obj in there.management.objects(AVI_CONTROLLERS)
            if obj["metadata"]["name"] == "main"
        )
        assert held["metadata"]["finalizers"] == ["akoo.io/avi-tenant"]


class TestDrift:
    def test_a_change_is_repaired_and_the_words_of_people_stay(self) -> None:
        there = made(serviceEngines="Own")
        there.edit_row(
            name="renamed",
            description=f"ask Eve\n{MARK}",
            config_settings={"se_in_provider_context": True, "tenant_vrf": True},
        )
        there.attempt()
        row = there.row()
        assert row is not None
        assert row["description"] == f"ask Eve\n{MARK}"
        assert row["config_settings"]["se_in_provider_context"] is False
        assert row["config_settings"]["tenant_vrf"] is True  # nothing is stated about it

    def test_it_is_only_reported_where_the_policy_says_so(self) -> None:
        there = made(serviceEngines="Own", driftPolicy="Report")
        there.edit_row(config_settings={"se_in_provider_context": True})
        before = there.writes
        there.attempt()
        assert there.writes == before
        assert there.ready()[:2] == ("False", "Drifted")
        there.edit_row(config_settings={"se_in_provider_context": False})
        there.attempt()
        assert there.ready()[0] == "True"

    def test_a_deleted_tenant_is_made_again(self) -> None:
        there = made()
        first = there.status()["tenantUuid"]
        there.admin.delete(f"tenant/{first}")
        there.attempt()
        row = there.row()
        assert row is not None
        assert row["uuid"] != first
        assert there.status()["tenantUuid"] == row["uuid"]

    def test_without_its_mark_it_is_somebody_elses(self) -> None:
        there = made()
        there.edit_row(description="hands off")
        there.attempt()
        assert there.ready()[:2] == ("True", "Used")
        there.delete()
        there.attempt()
        assert there.object() is None
        assert there.row() is not None


class TestOthers:
    def test_a_foreign_tenant_is_used_and_never_changed(self) -> None:
        there = beside()
        before = there.row()
        there.attempt()
        assert there.ready()[:2] == ("True", "Used")
        assert there.status()["tenantUuid"] == (before or {})["uuid"]
        there.edit(adoptionPolicy="Use", deletionPolicy="Delete", driftPolicy="Repair")
        there.attempt()
        there.delete()
        there.attempt()
        assert there.object() is None
        assert there.row() == before

    @pytest.mark.parametrize("policy", ["Use", "IfIdentical"])
    def test_admin_is_used_and_never_written(self, policy: str) -> None:
        there = TenantWorld(
            tenant(tenantName="admin", adoptionPolicy=policy, deletionPolicy="Delete")
        )
        before = there.row("admin")
        there.attempt()
        assert there.ready()[:2] == ("True", "Used")
        there.delete()
        there.attempt()
        assert (there.object(), there.row("admin")) == (None, before)

    def test_admin_with_our_mark_is_not_ours(self) -> None:
        there = TenantWorld(tenant(tenantName="admin", deletionPolicy="Delete"))
        there.edit_row("admin", description=MARK)
        there.attempt()
        assert there.ready()[1] == "Used"
        there.edit_status(provenance="Created")
        before = there.writes
        there.delete()
        there.attempt()
        assert (there.object(), there.writes) == (None, before)

    def test_never_refuses_it(self) -> None:
        there = beside(adoptionPolicy="Never")
        before = there.writes
        there.attempt()
        assert there.ready()[:2] == ("False", "TenantNameTaken")
        assert there.writes == before
        there.edit(adoptionPolicy="Use")
        there.attempt()
        assert there.ready()[0] == "True"

    def test_an_identical_one_is_adopted_and_stays_when_the_object_goes(self) -> None:
        there = beside({"se_in_provider_context": False}, adoptionPolicy="IfIdentical")
        before = there.row()
        there.edit(serviceEngines="Own")
        there.attempt()
        row = there.row()
        assert row is not None
        assert row["description"].startswith("of the shop team\nakoo-core/1 ")
        assert there.status()["provenance"] == "Adopted"
        there.delete()
        there.attempt()
        assert there.object() is None
        after = there.row()
        assert after is not None
        volatile = {"_last_modified": "", "configpb_attributes": ""}
        assert {**after, **volatile} == {**(before or {}), **volatile}

    def test_an_adopted_one_is_deleted_where_the_policy_says_so(self) -> None:
        there = beside(adoptionPolicy="IfIdentical", deletionPolicy="Delete")
        there.attempt()
        there.delete()
        there.attempt()
        assert (there.object(), there.row()) == (None, None)

    @pytest.mark.parametrize(
        ("policy", "reason"), [("Use", "TenantDiffers"), ("IfIdentical", "AdoptionWouldChange")]
    )
    def test_one_that_differs_is_not_changed(self, policy: str, reason: str) -> None:
        there = beside(adoptionPolicy=policy, serviceEngines="Own")
        before = there.writes
        there.attempt()
        status, reason_shown, message = there.ready()
        assert (status, reason_shown, there.writes) == ("False", reason, before)
        assert "service engines of the provider" in message

    def test_that_of_another_management_cluster_is_taken_over_by_annotation(self) -> None:
        there = TenantWorld(tenant(adoptionPolicy="IfIdentical"))
        theirs = MARK.replace(builders.MANAGEMENT_ID, "old")
        there.admin.post("tenant", {"name": "shop", "description": theirs})
        there.attempt()
        assert there.ready()[1] == "ForeignTenant"
        there.annotate("akoo.io/adopt", "old")
        there.attempt()
        assert there.ready()[:2] == ("True", "Applied")
        assert (there.row() or {})["description"] == MARK
        assert there.status()["provenance"] == "Created"


class TestLeaving:
    @pytest.mark.parametrize("profile", PROFILES)
    @pytest.mark.parametrize("engines", ["Provider", "Own"])
    @pytest.mark.parametrize("vrf", ["Provider", "Own"])
    def test_an_empty_tenant_goes_with_all_that_came_with_it(
        self, profile: str, engines: str, vrf: str
    ) -> None:
        there = made(profile=profile, serviceEngines=engines, vrf=vrf)
        there.delete()
        assert isinstance(there.attempt(), api.Done)
        assert (there.object(), there.row()) == (None, None)
        assert all("force" not in str(entry) for entry in there.avi.journal.entries(writes=True))

    @pytest.mark.parametrize("answer", ["refuse", "cascade"])
    def test_what_holds_it_is_named(self, answer: str) -> None:
        there = TenantWorld(tenant(), full_tenant_delete=answer)
        there.attempt()
        pool = there.put("pool", {"name": "web"})
        there.put("stringgroup", {"name": "words", "type": "SG_TYPE_STRING"})
        before = there.writes
        there.delete()
        result = there.attempt()
        assert isinstance(result, api.Wait)
        assert there.ready()[:2] == ("False", "NotEmpty")
        assert "pool web, stringgroup words" in there.ready()[2]
        assert there.writes == before
        shop = admins.Client(there.avi, password=there.admin.password, tenant="shop")
        shop.delete(f"pool/{pool['uuid']}")
        words = shop.get("stringgroup?name=words")["results"][0]
        shop.delete(f"stringgroup/{words['uuid']}")
        there.attempt()
        assert (there.object(), there.row()) == (None, None)

    def test_a_user_with_access_holds_it(self) -> None:
        there = made()
        tenant_uuid = there.status()["tenantUuid"]
        role = there.admin.get("role?name=Tenant-Admin")["results"][0]
        access = {"role_ref": role["url"], "tenant_ref": f"/api/tenant/{tenant_uuid}"}
        body = {"name": "eve", "username": "eve", "password": "Long-password-1"}
        there.admin.post("user", {**body, "access": [access]})
        there.delete()
        there.attempt()
        assert "user eve" in there.ready()[2]

    def test_a_group_that_came_with_it_and_is_used_holds_it(self) -> None:
        there = made(serviceEngines="Own")
        shop = admins.Client(there.avi, password=there.admin.password, tenant="shop")
        uuid = there.status()["tenantUuid"]
        groups = shop.get("serviceenginegroup?name=Default-Group")["results"]
        group = next(row for row in groups if uuid in row["tenant_ref"])
        markers = [{"key": "clustername", "values": ["akoo-1"]}]
        shop.put(f"serviceenginegroup/{group['uuid']}", {**group, "markers": markers})
        there.delete()
        there.attempt()
        assert "serviceenginegroup Default-Group" in there.ready()[2]

    def test_it_waits_for_the_records_that_use_it(self) -> None:
        there = made()
        user = using(there)
        there.management.seed(user)
        there.delete()
        before = there.avi.journal.entries()
        assert there.attempt().reason == "InUse"
        assert user["metadata"]["name"] in there.ready()[2]
        assert there.avi.journal.entries() == before
        server = there.management.client()
        there.run(server.delete(kube_resource.AKO_DEPLOYMENTS, user["metadata"]["name"]))
        there.attempt()
        assert there.row() is None

    def test_a_foreign_finalizer_of_ours_holds_it(self) -> None:
        there = made()
        there.edit("metadata", finalizers=["akoo.io/avi-tenant", "akoo.io/other"])
        there.delete()
        assert there.attempt().reason == "InUse"
        assert there.row() is not None

    def test_retained_it_loses_only_its_mark(self) -> None:
        there = made(deletionPolicy="Retain")
        there.delete()
        there.attempt()
        row = there.row()
        assert (there.object(), (row or {})["description"]) == (None, "")

    def test_let_go_it_keeps_everything(self) -> None:
        there = made()
        there.put("pool", {"name": "web"})
        before = there.row()
        there.annotate("akoo.io/let-go", "the controller is sold")
        there.delete()
        there.attempt()
        assert (there.object(), there.row()) == (None, before)

    def test_moved_it_keeps_everything(self) -> None:
        there = made()
        before = there.row()
        there.annotate("clusterctl.cluster.x-k8s.io/delete-for-move", "")
        there.delete()
        there.attempt()
        assert (there.object(), there.row()) == (None, before)

    def test_without_a_status_the_mark_knows_it(self) -> None:
        there = made()
        there.edit_status(
            tenantUuid=None, controllerUuid=None, provenance=None, appliedGeneration=None
        )
        there.edit_row(name="renamed")
        there.delete()
        there.attempt()
        assert (there.object(), there.row("renamed")) == (None, None)

    @pytest.mark.parametrize("kind", ["tenant", "pool", "user"])
    def test_without_sight_of_every_kind_nothing_is_deleted(self, kind: str) -> None:
        there = made()
        blind(there, kind)
        before = there.avi.journal.entries(writes=True)
        there.delete()
        result = there.attempt()
        assert not isinstance(result, api.Done)
        assert there.ready()[1] in ("NoSight", "PermissionMissing")
        assert there.row() is not None
        assert there.avi.journal.entries(writes=True) == before
        see(there)
        there.attempt()
        assert (there.object(), there.row()) == (None, None)

    def test_a_role_that_hides_single_objects_proves_nothing(self) -> None:
        """Its lists are short, and no answer says so."""
        there = TenantWorld(tenant(), full_tenant_delete="cascade")
        there.attempt()
        there.put("pool", {"name": "web"})
        blind(there, "nothing", filtered=True)
        there.delete()
        there.attempt()
        assert there.ready()[1] == "NoSight"
        assert there.row() is not None

    def test_another_avi_cluster_at_the_address_deletes_nothing(self) -> None:
        there = made()
        there.edit_status(controllerUuid="cluster-other")
        there.delete()
        there.attempt()
        assert there.ready()[1] == "ControllerChanged"
        assert there.row() is not None

    def test_a_create_that_may_still_appear_is_waited_for(self) -> None:
        there = made()
        uuid = there.status()["tenantUuid"]
        there.admin.delete(f"tenant/{uuid}")
        now = there.clock.now().isoformat().replace("+00:00", "Z")
        there.edit_status(tenantUuid=None, creatingSince=now)
        there.delete()
        result = there.attempt()
        assert (result.reason, result.after) == ("CreateUncertain", 120.0)


def blind(there: TenantWorld, kind: str, *, filtered: bool = False) -> None:
    """Our account loses the sight of one kind, or of objects without a marker."""
    privileges = [
        {"resource": permission, "type": "WRITE_ACCESS"}
        for permission in {*contents.permissions(()), "PERMISSION_CONTROLLER"}
        if permission != f"PERMISSION_{kind.upper()}"
    ]
    label = {"key": "clustername", "values": ["akoo-1"]}
    entry = {
        "name": "marked",
        "enabled": True,
        "match_label": label,
        "match_operation": "ROLE_FILTER_EQUALS",
    }
    body = {"name": "narrow", "privileges": privileges, "allow_unlabelled_access": not filtered}
    if filtered:
        body["filters"] = [entry]
    role = there.admin.post("role", body)
    _account(there, is_superuser=False, role=role["url"])


def see(there: TenantWorld) -> None:
    """Our account sees everything again."""
    _account(there, is_superuser=True, role="")


def _account(there: TenantWorld, *, is_superuser: bool, role: str) -> None:
    user = there.admin.get("user?name=operator")["results"][0]
    entry = {"role_ref": role, "tenant_ref": "/api/tenant/admin", "all_tenants": True}
    access = [entry] if role else []
    body = {**user, "is_superuser": is_superuser, "access": access}
    there.admin.put(f"user/{user['uuid']}", body)


class TestTables:
    @pytest.mark.parametrize("profile", PROFILES)
    def test_every_kind_with_a_tenant_is_looked_at(self, profile: str) -> None:
        """Against the kinds of the simulated controller, which come from the API's schema."""
        avi = controller.Controller(password="Avi-simulated-1", profile=profile)
        release = avi.state.profile.version
        known = {
            (kind.path, f"PERMISSION_{kind.permission}")
            for kind in avi.state.kinds.kinds.values()
            if kind.tenant and not kind.readonly and not kind.singleton and kind.since <= release
        }
        assert {(kind.path, kind.permission) for kind in contents.kinds(release)} == known

    def test_the_controller_makes_what_the_table_says(self) -> None:
        ours = {(row.kind, row.name, row.setting, row.value, row.since) for row in contents.MADE}
        theirs = {
            (row.kind, row.name, row.setting, row.value, () if row.since < (20,) else row.since)
            for row in made_by_avi.MADE
        }
        assert ours == theirs
