"""Roles on a simulated controller: all that AKO does is allowed, and nothing on others' objects."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from akoo_tenancy.roles import permissions, wire
from akoo_tenancy.roles.plan import Isolation, Needs, Rights, plan
from akoo_testbed.avisim import client, controller
from hypothesis import given
from hypothesis import strategies as st

Json = dict[str, Any]
RECORD, OTHER = "akoo-0f3b2c1d4e5a", "akoo-ffffffffffff"
PASSWORD = "Tenancy-test-1"

KINDS: dict[str, Json] = {
    "pool": {},
    "healthmonitor": {"type": "HEALTH_MONITOR_TCP"},
    "stringgroup": {"type": "SG_TYPE_STRING"},
    "httppolicyset": {},
    "l4policyset": {},
    "vsdatascriptset": {},
    "poolgroup": {},
    "pkiprofile": {},
    "networksecuritypolicy": {},
    "applicationpersistenceprofile": {"persistence_type": "PERSISTENCE_TYPE_CLIENT_IP_ADDRESS"},
}


class Avi:
    """A controller with two tenants, its administrator, and an AKO with roles of a plan."""

    def __init__(self, profile: str = "30.2.2", **switches: str) -> None:
        self.controller = controller.Controller(
            password=PASSWORD, profile=profile, chosen=switches, identity="tenancy"
        )
        self.admin = client.Client(self.controller, password=PASSWORD)
        for tenant in ("blue", "green"):
            self.done(self.admin, "POST", "tenant", {"name": tenant})

    def done(self, who: client.Client, method: str, path: str, body: Json | None = None) -> Json:
        response = who.call(method, path, body)
        assert response.status < 300, (method, path, response.status, response.body)
        answer: Json = response.json if response.body else {}
        return answer

    def ako(self, rights: Rights) -> client.Client:
        """Make roles and user; the user, in the tenant of the first working role."""
        refs = {}
        for role in rights.roles:
            self.admin.tenant = role.tenant
            made = self.done(self.admin, "POST", "role", wire.body(role))
            refs[role.tenant, role.name] = f"/api/role/{made['uuid']}"
        self.admin.tenant = "admin"
        tenants = {
            each["name"]: f"/api/tenant/{each['uuid']}"
            for each in self.done(self.admin, "GET", "tenant")["results"]
        }
        access = [
            {
                "role_ref": refs[entry.role_tenant, entry.role],
                "tenant_ref": tenants[entry.tenant],
                "all_tenants": entry.everywhere,
            }
            for entry in rights.access
        ]
        name = f"{RECORD}-000001"
        body = {"name": name, "username": name, "password": PASSWORD, "access": access}
        self.done(self.admin, "POST", "user", body)
        return client.Client(self.controller, user=name, password=PASSWORD)

    def make(self, tenant: str, kind: str, name: str, marker: str) -> str:
        """An object that the administrator makes; its path."""
        self.admin.tenant = tenant
        made = self.done(self.admin, "POST", kind, obj(kind, name, marker))
        self.admin.tenant = "admin"
        return f"{kind}/{made['uuid']}"


def obj(kind: str, name: str, marker: str) -> Json:
    markers = [{"key": "clustername", "values": [marker]}] if marker else []
    return {"name": name, **KINDS[kind], "markers": markers}


def needs(**changes: Any) -> Needs:
    fields: Json = {
        "record": RECORD,
        "ako": (2, 1, 1),
        "controller": (30, 2, 2),
        "tenants": ("blue",),
    }
    return Needs(**(fields | changes))


@pytest.mark.parametrize("tenants", [("blue",), ("admin",), ("green", "blue")])
@pytest.mark.parametrize("kind", KINDS)
def test_an_ako_keeps_its_own_objects(kind: str, tenants: tuple[str, ...]) -> None:
    avi = Avi()
    ako = avi.ako(plan(needs(tenants=tenants)))
    for tenant in tenants:
        ako.tenant = tenant
        made = avi.done(ako, "POST", kind, obj(kind, f"{RECORD}-x", RECORD))
        seen = avi.done(ako, "GET", f"{kind}/{made['uuid']}")
        avi.done(ako, "PUT", f"{kind}/{made['uuid']}", {**seen, "description": "changed"})
        avi.done(ako, "DELETE", f"{kind}/{made['uuid']}")


@pytest.mark.parametrize("marker", [OTHER, ""])
@pytest.mark.parametrize("kind", KINDS)
def test_an_ako_changes_nothing_of_others(kind: str, marker: str) -> None:
    avi = Avi()
    ako = avi.ako(plan(needs()))
    ako.tenant = "blue"
    path = avi.make("blue", kind, "theirs", marker)
    body = obj(kind, "theirs", marker)
    for method in ("PUT", "DELETE"):
        assert ako.call(method, path, body).status in {403, 404}
    assert ako.call("POST", kind, obj(kind, "new", marker)).status == 403
    assert ako.call("GET", path).status == (200 if not marker else 403)


def test_it_takes_no_object_by_changing_its_marker() -> None:
    avi = Avi()
    ako = avi.ako(plan(needs()))
    ako.tenant = "blue"
    path = avi.make("blue", "pool", "theirs", OTHER)
    assert ako.call("PUT", path, obj("pool", "theirs", RECORD)).status in {403, 404}


def test_it_enters_no_other_tenant() -> None:
    avi = Avi()
    ako = avi.ako(plan(needs()))
    ako.tenant = "green"
    assert ako.call("POST", "pool", obj("pool", "x", RECORD)).status == 403
    path = avi.make("green", "pool", "theirs", "")
    assert ako.call("GET", path).status in {403, 404}


def test_the_role_of_the_vendor_lets_it_delete_what_nobody_labelled() -> None:
    """As switch ``write-lacks-key`` shows it: the reason for two roles in place of one."""
    switch = {"unlabelled-access": "write-lacks-key"}
    for isolation, status in (("Vendor", 204), ("Marker", 403)):
        avi = Avi(**switch)
        chosen: Isolation = "Vendor" if isolation == "Vendor" else "Marker"
        ako = avi.ako(plan(needs(isolation=chosen)))
        ako.tenant = "blue"
        path = avi.make("blue", "pool", "nobody's", "")
        assert ako.call("DELETE", path).status == status, isolation


def test_it_reads_what_it_needs_at_its_start() -> None:
    avi = Avi()
    for tenants in (("blue",), ("admin",)):
        Avi()
        ako = Avi().ako(plan(needs(tenants=tenants)))
        for tenant, path in (
            ("admin", "cluster/runtime"),
            ("admin", "cluster"),
            ("admin", "systemconfiguration"),
            ("admin", "cloud"),
            ("admin", "network"),
            ("admin", "ipamdnsproviderprofile"),
            (tenants[0], "tenant"),
            (tenants[0], "applicationprofile"),
            (tenants[0], "virtualservice"),
            (tenants[0], "vsvip"),
        ):
            ako.tenant = tenant
            avi.done(ako, "GET", path)


@pytest.mark.parametrize("static_routes", [True, False])
def test_it_labels_an_engine_group_only_if_it_keeps_routes(static_routes: bool) -> None:
    avi = Avi()
    ako = avi.ako(plan(needs(static_routes=static_routes)))
    groups = avi.done(avi.admin, "GET", "serviceenginegroup")["results"]
    ako.tenant = "admin"
    for group in groups[:1]:
        body = {**group, "labels": [{"key": "clustername", "value": RECORD}]}
        status = ako.call("PUT", f"serviceenginegroup/{group['uuid']}", body).status
        assert status == (200 if static_routes else 403)


# Plans.

NEEDS = st.builds(
    needs,
    ako=st.sampled_from([(1, 7, 1), (1, 12, 3), (1, 13, 1), (2, 2, 1)]),
    controller=st.sampled_from([(22, 1, 3), (30, 1, 2), (30, 2, 1), (31, 2, 1)]),
    tenants=st.lists(st.sampled_from(["admin", "blue", "green"]), min_size=1, max_size=3).map(
        tuple
    ),
    static_routes=st.booleans(),
    own_engines=st.booleans(),
    isolation=st.sampled_from(["Marker", "Vendor"]),
)


@given(NEEDS)
def test_no_role_has_a_right_that_a_controller_refuses(asked: Needs) -> None:
    for role in plan(asked).roles:
        resources = {resource for resource, _ in role.privileges}
        assert role.tenant == "admin" or not resources & permissions.TENANT_ADMIN_ONLY
        if asked.controller >= (30, 2, 1):
            assert "PINGACCESSAGENT" not in resources


@given(NEEDS)
def test_a_right_to_write_objects_is_always_behind_the_marker(asked: Needs) -> None:
    for role in plan(asked).roles:
        writes = {resource for resource, level in role.privileges if level == permissions.WRITE}
        if writes - permissions.ROUTED:
            assert role.marker == RECORD
            assert role.unlabelled == (asked.isolation == "Vendor")
        if writes & permissions.ROUTED:
            assert asked.static_routes


@given(NEEDS)
def test_access_names_each_role_once_and_each_role_is_made(asked: Needs) -> None:
    rights = plan(asked)
    made = [(role.tenant, role.name) for role in rights.roles]
    assert len(set(made)) == len(made)
    assert sorted((entry.role_tenant, entry.role) for entry in rights.access) == sorted(made)
    everywhere = [entry for entry in rights.access if entry.everywhere]
    assert [entry.role for entry in everywhere] == [f"{RECORD}-everywhere"]


@given(NEEDS)
def test_a_role_as_made_has_no_differences(asked: Needs) -> None:
    for role in plan(asked).roles:
        assert wire.differences(role, wire.body(role)) == ()


@given(NEEDS, st.data())
def test_each_change_of_ours_is_a_difference_and_repaired(
    asked: Needs, data: st.DataObject
) -> None:
    role = data.draw(st.sampled_from(plan(asked).roles))
    existing = wire.body(role)
    change = data.draw(st.sampled_from(["less", "other", "narrow", "filter", "more"]))
    entry = data.draw(st.sampled_from(existing["privileges"]))
    if change == "less":
        existing["privileges"].remove(entry)
    elif change == "other":
        entry["type"] = "READ_ACCESS" if entry["type"] == "WRITE_ACCESS" else "WRITE_ACCESS"
    elif change == "narrow":
        entry["subresource"] = {"subresources": []}
    elif change == "filter":
        label = {"key": "clustername", "values": [OTHER]}
        existing["filters"] = [{"match_label": label}]
    else:
        existing["privileges"].append({"resource": "PERMISSION_USER", "type": "WRITE_ACCESS"})
    assert wire.differences(role, existing)
    assert wire.differences(role, wire.repaired(role, existing)) == ()


def test_a_right_that_an_upgrade_added_stays() -> None:
    role = plan(needs()).roles[0]
    added = {"resource": "PERMISSION_QUANTUMPROFILE", "type": "READ_ACCESS"}
    existing = wire.body(role)
    existing["privileges"].append(added)
    assert wire.differences(role, existing) == ()
    existing["filters"] = [{"match_label": {"key": "x", "values": []}}]
    assert added in wire.repaired(role, existing)["privileges"]


def test_needs_without_a_tenant_are_an_error() -> None:
    with pytest.raises(ValueError, match="at least one tenant"):
        plan(needs(tenants=()))


def test_tables_do_not_overlap() -> None:
    tables = (permissions.OBJECTS, permissions.SHARED, permissions.ROUTED)
    for first, second in itertools.combinations(tables, 2):
        assert not first & second
