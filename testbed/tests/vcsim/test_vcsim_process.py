"""The process: reset, restart, certificates, accounts, sessions, counts, identity."""

import contextlib
import dataclasses
import socket
import ssl
import time
import typing
from collections.abc import Callable

import pytest
from akoo_testbed.trust import certificates
from akoo_testbed.vcsim import Datacenter, Switch, VcsimOptions
from akoo_testbed.vcsim import pytest as plugin
from pyVmomi import vim

Login = Callable[..., typing.Any]


def test_a_reset_is_fast_and_whole(
    vcsim: plugin.RunningVcsim, client: typing.Any, login: Login
) -> None:
    before = vcsim.run(vcsim.control.port_groups())
    for number in range(5):
        client.add(f"new-{number}")
    vcsim.run(vcsim.control.attach("DC0-free", machine="new"))
    vcsim.run(vcsim.control.deny("DVPortgroup.Create"))
    vcsim.run(vcsim.control.change(accounts={}))
    used = []
    for _ in range(3):
        before_it = _cpu_seconds(vcsim.part.pid)
        vcsim.run(vcsim.control.reset())
        used.append(_cpu_seconds(vcsim.part.pid) - before_it)
    assert min(used) < 0.3
    assert vcsim.run(vcsim.control.port_groups()) == before
    assert vcsim.run(vcsim.control.calls()).total == 0
    with pytest.raises(vim.fault.NotAuthenticated):
        assert client.switch()
    login().add("new-0")


def _cpu_seconds(pid: int) -> float:
    """The CPU time of a process so far (Linux: its own clock)."""
    return time.clock_gettime((~pid << 3) | 2)


def test_resets_leave_no_memory_behind(vcsim: plugin.RunningVcsim) -> None:
    def resident() -> int:
        with open(f"/proc/{vcsim.part.pid}/statm") as file:  # noqa: PTH123 - of the kernel
            return int(file.read().split()[1]) * 4 >> 10

    for _ in range(10):
        vcsim.run(vcsim.control.reset())
    before = resident()
    for _ in range(10):
        vcsim.run(vcsim.control.reset())
    assert resident() - before < 40


async def test_a_restart_keeps_the_port_and_forgets_the_rest(vcsim: plugin.RunningVcsim) -> None:
    before = await vcsim.call(vcsim.control.port_groups())
    address, process = vcsim.part.address, vcsim.part.pid
    await vcsim.call(vcsim.control.attach("DC0-free", machine="new"))
    await vcsim.call(vcsim.restart())
    assert (vcsim.part.address, vcsim.part.pid != process) == (address, True)
    assert await vcsim.call(vcsim.control.port_groups()) == before
    assert vcsim.part.ready_after is not None


def leaf(vcsim: plugin.RunningVcsim, context: ssl.SSLContext) -> bytes:
    with (
        socket.create_connection(("127.0.0.1", vcsim.part.port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        return secured.getpeercert(binary_form=True) or b""


def test_another_certificate_from_the_next_connection_on(vcsim: plugin.RunningVcsim) -> None:
    trusted = ssl.create_default_context(cafile=str(vcsim.ca_file))
    first = leaf(vcsim, trusted)
    authority = vcsim.part.base.authority
    vcsim.part.present(authority.server(("localhost",), ("127.0.0.1",)))
    assert leaf(vcsim, trusted) != first
    stranger = certificates.Authority("stranger")
    with contextlib.ExitStack() as ends:
        ends.callback(vcsim.part.present, authority.server(("localhost",), ("127.0.0.1",)))
        vcsim.part.present(stranger.server(("localhost",), ("127.0.0.1",)))
        with pytest.raises(ssl.SSLCertVerificationError):
            leaf(vcsim, trusted)
        assert leaf(vcsim, ssl.create_default_context(cadata=stranger.pem))
    assert leaf(vcsim, trusted)


def test_accounts_with_a_domain(vcsim: plugin.RunningVcsim, login: Login) -> None:
    assert "@" in vcsim.part.options.username
    with pytest.raises(vim.fault.InvalidLogin):
        login(password="wrong")
    with pytest.raises(vim.fault.InvalidLogin):
        login(user="operator")
    client = login()
    vcsim.run(vcsim.control.change(accounts={vcsim.part.options.username: "rotated"}))
    with pytest.raises(vim.fault.InvalidLogin):
        login()
    login(password="rotated")
    assert client.switch().name == "DVS0", "a session outlives its password"


def test_sessions_and_calls(vcsim: plugin.RunningVcsim, login: Login) -> None:
    vcsim.run(vcsim.control.clear_calls())
    first = login()
    login()
    sessions = vcsim.run(vcsim.control.sessions())
    assert [session.user for session in sessions] == [vcsim.part.options.username] * 2
    calls = vcsim.run(vcsim.control.calls())
    assert calls.methods == {"RetrieveServiceContent": 2, "Login": 2}
    assert (calls.total, calls.waiting) == (4, 0)
    assert vcsim.run(vcsim.control.end_sessions("nobody")) == 0
    first.content.sessionManager.Logout()
    assert len(vcsim.run(vcsim.control.sessions())) == 1
    assert vcsim.run(vcsim.control.end_sessions(vcsim.part.options.username)) == 1
    vcsim.run(vcsim.control.clear_calls())
    assert vcsim.run(vcsim.control.calls()).total == 0


def test_another_vcenter_in_its_place(vcsim: plugin.RunningVcsim, login: Login) -> None:
    options = vcsim.part.options
    assert login().content.about.instanceUuid == options.instance_uuid
    vcsim.run(vcsim.control.change(instance_uuid="another", api_version="7.0.3.0"))
    client = login()
    assert client.content.about.instanceUuid == "another"
    assert client.instance._stub.version == "vim.version.v7_0_3_0"


def test_an_inventory_of_ones_own() -> None:
    switch = Switch(name="DVS/1", folder="networks", more=3, uplinks=("a",))
    options = VcsimOptions(
        lenient=("in-use",),
        datacenters=(
            Datacenter(name="DC0", folder="east", switches=(switch,)),
            Datacenter(name="DC0", folder="west", hosts=0),
        ),
    )
    with plugin.running(options) as vcenter:
        groups = vcenter.run(vcenter.control.port_groups()).values()
        assert [group.path for group in groups if not group.uplink] == [
            f"/east/DC0/network/networks/DVS/1-pg-{number}" for number in range(3)
        ]
        state = vcenter.run(vcenter.control.state())
        assert [name for name, on in state["rules"].items() if not on] == ["in-use"]


def test_no_password_in_what_is_shown() -> None:
    options = VcsimOptions(password="canary-1", accounts={"other": "canary-2"})
    assert "canary" not in repr(options)
    assert "canary-1" in options.document()
    assert dataclasses.replace(options, password="x") != options
