"""Password, certificate, session and privileges of the operator's account in vCenter."""

from __future__ import annotations

from akoo_testbed.trust import certificates
from akoo_testbed.workload.listener import Fault

from tests.stories.scene import Scene
from tests.stories.setting import condition
from tests.stories.telling import proof, story
from tests.stories.vsphere import network
from tests.stories.vsphere.network import VLAN, has_vlan, mo_ref
from tests.stories.vsphere.vcenter import OPERATOR


@proof
@story
async def test_password_and_certificate_are_rotated(s: Scene) -> None:
    """First vCenter has the new ones, then the Secrets: the account is not locked out, no password
    goes to a certificate that is not trusted, and a new Secret counts at once."""
    async with network.opened(s) as n:
        group = await n.made()
        await n.vcenter.rotate_password()
        await n.vcenter.control.clear_calls()
        await n.vcenter.change_vlan(mo_ref(group), 666)
        await n.connection("CredentialValid", "LoginRejected")
        await n.annotate(looked_at="twice")
        await n.says("Ready", "LoginRejected")
        calls = (await n.vcenter.control.calls()).methods
        assert calls["Login"] == 2, "a person's and one that was refused"
        await n.store_password()
        await n.connection("Ready", "Usable")
        await n.in_vcenter(has_vlan(VLAN))
        await n.ready()

        other = certificates.Authority("other")
        n.vcenter.present(other.server(["localhost"], ["127.0.0.1"]))
        await _cut(n)
        await n.vcenter.control.end_sessions(OPERATOR)
        await n.vcenter.control.clear_calls()
        await n.connection("Reachable", "TLSNotTrusted")
        assert (await n.vcenter.control.calls()).methods.get("Login", 0) == 0
        await n.store_ca(other.pem)
        await n.connection("Ready", "Usable")
        await n.change(vlan={"id": 113})
        await n.in_vcenter(has_vlan(113))
        await n.ready()


async def _cut(n: network.Network) -> None:
    """End the connections that are open."""
    await n.vcenter.front.set_fault(Fault.REFUSE)
    await n.vcenter.front.set_fault(Fault.NONE)


@proof
@story
async def test_session_is_ended_by_an_admin(s: Scene) -> None:
    """One login each time; the port group is not taken for gone, and drift is repaired."""
    async with network.opened(s) as n:
        group = await n.made()
        for number in range(3):
            await n.vcenter.control.clear_calls()
            assert await n.vcenter.control.end_sessions(OPERATOR) == 1
            await n.vcenter.change_vlan(mo_ref(group), 600 + number)
            await n.in_vcenter(has_vlan(VLAN))
            calls = (await n.vcenter.control.calls()).methods
            assert calls["Login"] == 2, "a person's and the operator's"
            assert "AddDVPortgroup_Task" not in calls
        assert mo_ref(await n.ready()) == mo_ref(group)
        assert "PortGroupRemoved" not in await n.events()


@proof
@story
async def test_privilege_is_taken_and_given(s: Scene) -> None:
    """The edit waits, and condition and status name the privilege; then it is made by itself."""
    async with network.opened(s) as n:
        group = await n.made()
        denial = await n.vcenter.control.deny("DVPortgroup.PolicyOp", user=OPERATOR)
        other = await n.vcenter.control.deny("DVPortgroup.Modify", user=OPERATOR)
        await n.change(vlan={"id": 113})
        blocked = await n.says("Ready", "PermissionDenied")
        named = {row["privilege"] for row in blocked["status"]["missingPrivileges"]}
        assert named & {"DVPortgroup.PolicyOp", "DVPortgroup.Modify"}, blocked["status"]
        assert any(privilege in condition(blocked, "Ready")["message"] for privilege in named)
        await n.vcenter.control.allow(denial)
        await n.vcenter.control.allow(other)
        await n.in_vcenter(has_vlan(113))
        after = await n.ready()
        assert "missingPrivileges" not in after["status"]
        assert mo_ref(after) == mo_ref(group)
