"""VSphereConnections: answers become conditions, and a refused login is remembered."""

from __future__ import annotations

import asyncio
import base64
import datetime
from typing import Any

import pytest
from akoo_vsphere.client import errors
from akoo_vsphere.connect import login_refusals
from akoo_vsphere.connect.login_refusals import LoginRefusals
from akoo_vsphere.spec import connection, resources
from akoo_vsphere.spec.connection import RefusedLogin
from akoo_vsphere.testing.faults import Fault

from akoo_core.plugin import api, kube
from akoo_core.testing import verbs
from tests.vsphere.vsphere_world import ADDRESS, CONNECTION, VSphereWorld, port_group

Json = dict[str, Any]


def looked_at(there: VSphereWorld) -> dict[str, tuple[str, str, str]]:
    """The conditions after a look."""
    result = there.run_connection()
    assert isinstance(result, api.Done | api.Blocked)
    obj = there.connection()
    assert obj is not None
    return {
        row["type"]: (row["status"], row["reason"], row.get("message", ""))
        for row in obj["status"]["conditions"]
    }


def status(there: VSphereWorld) -> Json:
    obj = there.connection()
    assert obj is not None
    whole: Json = obj["status"]
    return whole


def with_spec(**spec: Any) -> Json:
    return {**CONNECTION, "spec": {**CONNECTION["spec"], **spec}}


THEIRS: list[Json] = [
    {"type": "TheirsKnown", "status": "False", "reason": "Looked", "message": "m" * 2000},
    {"type": "TheirsStrange", "status": "True", "reason": "as they like"},
]
"""Conditions of others: without a time, too long, or not to be read."""


class TestConditionsOfOthers:
    @pytest.mark.parametrize("address", [ADDRESS, "https://user@wrong"], ids=["good", "invalid"])
    def test_on_a_connection(self, address: str) -> None:
        there = VSphereWorld(connection=with_spec(address=address))
        self._add(there, resources.CONNECTIONS, "vc")
        there.run_connection()
        ready = next(row for row in status(there)["conditions"] if row["type"] == "Ready")
        assert ready["status"] == ("True" if address == ADDRESS else "False")
        assert self._theirs(status(there)) == THEIRS
        before = there.connection()
        there.run_connection()
        assert there.connection() == before

    def test_on_a_port_group(self) -> None:
        there = VSphereWorld(port_group())
        self._add(there, resources.PORT_GROUPS, "edge")
        there.run_group()
        (group,) = there.management.objects(resources.PORT_GROUPS)
        ready = next(row for row in group["status"]["conditions"] if row["type"] == "Ready")
        assert ready["status"] == "True"
        assert self._theirs(group["status"]) == THEIRS
        there.run_group()
        assert there.management.objects(resources.PORT_GROUPS) == [group]

    def _add(self, there: VSphereWorld, kind: kube.Resource, name: str) -> None:
        patch = {"status": {"conditions": THEIRS}}
        user = there.management.client()
        there.run(user.merge_patch(kind, name, patch, subresource="status"))

    def _theirs(self, whole: Json) -> list[Json]:
        return [row for row in whole["conditions"] if row["type"].startswith("Theirs")]


class TestLook:
    def test_a_vcenter_that_answers(self) -> None:
        there = VSphereWorld(port_group())
        there.run_group()
        rows = looked_at(there)
        assert {kind: row[0] for kind, row in rows.items()} == dict.fromkeys(
            ("Ready", "Reachable", "CredentialValid", "PermissionsSufficient"), "True"
        )
        written = status(there)
        assert (written["version"], written["apiVersion"], written["instanceUuid"]) == (
            "8.0.3",
            "8.0.3.0",
            there.vcenter.instance_uuid,
        )
        before = there.connection()
        there.run_connection()
        assert there.connection() == before

    @pytest.mark.parametrize(
        ("error", "kind", "reason", "earlier"),
        [
            (errors.UnreachableError("No answer."), "Reachable", "Unreachable", {}),
            (errors.TlsError("Another certificate."), "Reachable", "TLSNotTrusted", {}),
            (errors.NotVCenterError("HTML."), "Reachable", "NotAVCenter", {}),
            (
                errors.CredentialRefusedError("Refused.", 300.0),
                "CredentialValid",
                "LoginRejected",
                {"Reachable": "True"},
            ),
            (
                errors.ForbiddenError("Not there."),
                "PermissionsSufficient",
                "PermissionDenied",
                {"Reachable": "True", "CredentialValid": "True"},
            ),
        ],
    )
    def test_the_first_question_that_fails(
        self, error: errors.VCenterError, kind: str, reason: str, earlier: dict[str, str]
    ) -> None:
        there = VSphereWorld()
        looked_at(there)
        there.vcenter.faults.add(Fault(method="about", error=error, times=None))
        rows = looked_at(there)
        assert rows[kind][:2] == ("False", reason)
        assert rows["Ready"][:2] == ("False", reason)
        assert {name: rows[name][0] for name in earlier} == earlier
        assert status(there)["version"] == "8.0.3", "earlier values hold"

    def test_missing_privileges_are_named_with_their_place(self) -> None:
        there = VSphereWorld(port_group())
        there.run_group()
        there.hand.deny("DVPortgroup.Delete")
        rows = looked_at(there)
        assert rows["PermissionsSufficient"][:2] == ("False", "MissingPrivileges")
        assert "DVPortgroup.Delete on /DC0/network" in rows["PermissionsSufficient"][2]
        assert status(there)["missingPrivileges"] == [
            {"privilege": "DVPortgroup.Delete", "object": "/DC0/network"}
        ]

    def test_the_privilege_to_define_is_asked_for_only_while_it_is_needed(self) -> None:
        there = VSphereWorld(port_group())
        there.hand.deny("Global.ManageCustomFields")
        there.run_group()
        assert "Global.ManageCustomFields" in looked_at(there)["PermissionsSufficient"][2]
        there.hand.set_value(there.there.free, "akoo.owner", None)
        assert looked_at(there)["PermissionsSufficient"][0] == "True"

    def test_privileges_are_not_known_before_a_port_group_has_a_switch(self) -> None:
        assert looked_at(VSphereWorld())["PermissionsSufficient"][0] == "Unknown"

    def test_a_connection_that_is_gone_before_the_end_of_the_look(self) -> None:
        there = VSphereWorld()
        there.vcenter.faults.add(Fault(method="about", hold_seconds=5.0))

        async def look() -> object:
            task = asyncio.create_task(
                verbs.try_reconcile(there.controllers, "connections", "vc", there)
            )
            await asyncio.sleep(1.0)
            await there.management.client().delete(resources.CONNECTIONS, "vc")
            return (await task).result

        assert isinstance(there.run(look()), api.Done)

    def test_a_replaced_vcenter(self) -> None:
        there = VSphereWorld()
        looked_at(there)
        before = there.vcenter.instance_uuid
        there.vcenter.instance_uuid = "another"
        rows = looked_at(there)
        assert rows["Ready"][:2] == ("False", "VCenterReplaced")
        assert status(there)["instanceUuid"] == before
        there.annotate_connection({connection.ACCEPT_ANNOTATION: "yet-another"})
        assert looked_at(there)["Ready"][0] == "False"
        there.annotate_connection({connection.ACCEPT_ANNOTATION: "another"})
        assert looked_at(there)["Ready"][0] == "True"
        assert status(there)["instanceUuid"] == "another"


class TestSecrets:
    def secret(self, there: VSphereWorld, **data: str) -> None:
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        client = there.management.client()
        there.run(client.merge_patch(kube.SECRETS, "account", {"data": encoded}, "vsphere"))

    @pytest.mark.parametrize(
        ("hosts", "good"),
        [
            (ADDRESS, True),
            (f"other.example.com, {ADDRESS.upper()}:443", True),
            ("other.example.com", False),
            (f"{ADDRESS}:8443", False),
        ],
    )
    def test_a_credential_goes_only_to_its_hosts(self, hosts: str, good: bool) -> None:
        there = VSphereWorld()
        self.secret(there, hosts=hosts)
        rows = looked_at(there)
        assert (rows["Ready"][0] == "True") is good
        if not good:
            assert rows["CredentialValid"][:2] == ("False", "HostNotAllowed")
            assert there.registry.accounts == []
            assert "vsphere/account" in rows["Ready"][2]

    def test_a_namespace_that_is_not_allowed(self) -> None:
        reference = {"namespace": "elsewhere", "name": "account"}
        there = VSphereWorld(connection=with_spec(credentialRef=reference))
        rows = looked_at(there)
        assert rows["CredentialValid"][:2] == ("False", "SecretNamespaceNotAllowed")
        assert there.registry.accounts == []

    def test_a_password_with_a_line_break(self) -> None:
        there = VSphereWorld()
        self.secret(there, password="secret\n")
        assert looked_at(there)["CredentialValid"][1] == "CredentialHasLineBreak"
        assert there.registry.accounts == []

    def test_trust_and_secret_version_reach_the_client(self) -> None:
        print_ = ":".join(["AB"] * 32)
        there = VSphereWorld(connection=with_spec(thumbprint=print_))
        looked_at(there)
        account = there.registry.accounts[0]
        assert (account.thumbprint, account.ca_pem) == (print_, "")
        assert account.secret_version
        assert "simulated" not in repr(account)
        self.secret(there, password="another")
        looked_at(there)
        assert there.registry.accounts[-1].id != account.id
        assert there.registry.accounts[-1].secret_version != account.secret_version

    @pytest.mark.parametrize(
        ("spec", "field"),
        [
            ({"address": "https://user:pw@vcenter"}, "spec.address"),
            ({"thumbprint": "AB:CD"}, "spec.thumbprint"),
            (
                {
                    "thumbprint": ":".join(["AB"] * 32),
                    "caRef": {"namespace": "vsphere", "name": "account"},
                },
                "spec.thumbprint",
            ),
        ],
    )
    def test_specs_that_cannot_be_used(self, spec: Json, field: str) -> None:
        there = VSphereWorld(port_group(), connection=with_spec(**spec))
        row = looked_at(there)["Ready"]
        assert row[:2] == ("False", "ConnectionInvalid")
        assert field in row[2]
        assert "pw" not in row[2]
        there.run_group()
        assert there.condition()[:2] == ("False", "ConnectionInvalid")
        assert there.registry.accounts == []


class TestRefusedLogins:
    NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

    def test_the_pause_doubles_up_to_four_hours(self) -> None:
        assert [login_refusals.pause(count) for count in (1, 2, 3, 6, 7, 50)] == [
            300.0,
            600.0,
            1200.0,
            9600.0,
            14400.0,
            14400.0,
        ]

    def test_another_version_of_the_secret_is_tried_at_once(self) -> None:
        refused = RefusedLogin(secret_version="u/1", at=self.NOW, count=2)
        later = self.NOW + datetime.timedelta(seconds=100)
        assert login_refusals.seconds_left(refused, "u/1", later) == 500.0
        assert login_refusals.seconds_left(refused, "u/2", later) == 0.0
        assert login_refusals.seconds_left(None, "u/1", later) == 0.0

    def memory(self, there: VSphereWorld, version: str) -> LoginRefusals:
        obj = there.connection()
        assert obj is not None
        return LoginRefusals(
            there.management.client(), there.clock, connection.from_object(obj), version
        )

    def test_it_stands_in_the_status_for_every_process(self) -> None:
        there = VSphereWorld()
        looked_at(there)
        assert there.run(self.memory(there, "u/1").note()) == 300.0
        assert status(there)["refusedLogin"]["count"] == 1
        assert there.run(self.memory(there, "u/1").refused()) == 300.0
        assert there.run(self.memory(there, "u/2").refused()) == 0.0
        there.clock.advance(301.0)
        assert there.run(self.memory(there, "u/1").refused()) == 0.0
        assert there.run(self.memory(there, "u/1").note()) == 600.0
        assert status(there)["version"] == "8.0.3", "the rest of the status stays"
        there.run(self.memory(there, "u/1").accept())
        assert "refusedLogin" not in status(there)

    def test_a_new_version_begins_anew(self) -> None:
        there = VSphereWorld()
        there.run(self.memory(there, "u/1").note())
        there.run(self.memory(there, "u/1").note())
        assert there.run(self.memory(there, "u/2").note()) == 300.0

    def test_a_look_keeps_what_a_login_wrote_meanwhile(self) -> None:
        there = VSphereWorld()
        looked_at(there)
        there.run(self.memory(there, "u/1").note())
        there.vcenter.version = "8.0.4"
        looked_at(there)
        assert status(there)["refusedLogin"]["count"] == 1
        assert status(there)["version"] == "8.0.4"


def test_a_new_secret_wakes_the_connection_and_its_port_groups() -> None:
    there = VSphereWorld(port_group())
    there.run_group()
    (groups,) = (row for row in there.controllers.controllers() if row.name == "port-groups")
    obj = there.connection()
    assert obj is not None
    assert groups.secrets is not None
    assert list(groups.secrets(obj)) == [("vsphere", "account")]
    assert resources.CONNECTIONS in groups.watches
