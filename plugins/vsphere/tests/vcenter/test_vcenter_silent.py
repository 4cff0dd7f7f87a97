"""vCenters that are silent or away: bounded everywhere, and nobody else's time."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from akoo_testbed.vcsim import pytest as vcsim_plugin
from akoo_vsphere.client import errors
from akoo_vsphere.client.account import Account
from akoo_vsphere.client.client import SoapClient
from akoo_vsphere.client.sessions import SharedVCenters

from akoo_core.plugin import external
from akoo_core.plugin.clock import ManualClock
from tests.vsphere.vcenter_client import count, group_named


@pytest.fixture
def silent() -> Iterator[str]:
    """An address that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def dribbling() -> Iterator[str]:
    """An address that sends a byte of nothing now and then, so that no single read times out."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def serve() -> None:
            with contextlib.suppress(OSError):
                while not ended.is_set():
                    peer, _ = server.accept()
                    with peer, contextlib.suppress(OSError):
                        # A TLS record of 16 KiB, which never comes to its end.
                        peer.sendall(b"\x16\x03\x03\x40\x00")
                        while not ended.wait(0.05):
                            peer.sendall(b"\x02")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        ended.set()
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def short() -> external.External:
    return external.External(deadline_seconds=0.3, longest_seconds=0.3)


@pytest.mark.parametrize("kind", ["silent", "dribbling"])
async def test_a_vcenter_that_never_answers_is_waited_for_until_the_deadline(
    kind: str, account: Account, vcenters: SharedVCenters, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue(kind)
    account = dataclasses.replace(account, address=address)
    client = await vcenters.client(account, external=short())
    for call in (client.about(), client.changes(""), client.rename("dvportgroup-1", "x")):
        begun = time.monotonic()
        with pytest.raises(errors.UnreachableError):
            await call
        assert time.monotonic() - begun < 2


async def test_a_silent_vcenter_is_asked_rarely_and_holds_no_thread(
    account: Account, vcenters: SharedVCenters, silent: str, clock: ManualClock
) -> None:
    account = dataclasses.replace(account, address=silent)
    client = await vcenters.client(account, external=short())
    for _ in range(3):
        with pytest.raises(errors.UnreachableError):
            await client.about()
        clock.advance(0.1)
    begun = time.monotonic()
    for _ in range(20):
        with pytest.raises(errors.UnreachableError, match="asked again in"):
            await client.about()
    assert time.monotonic() - begun < 0.2
    door = client._connection._door
    assert door._threads.hanging == 0  # type: ignore[attr-defined]


async def test_a_silent_vcenter_takes_no_time_of_another(
    client: SoapClient, account: Account, vcenters: SharedVCenters, silent: str
) -> None:
    group = (await group_named(client, "DC0-free")).mo_ref
    other = dataclasses.replace(account, address=silent)
    held = await vcenters.client(other, external=external.External(deadline_seconds=3))
    waiting = [asyncio.ensure_future(held.about()) for _ in range(30)]
    await asyncio.sleep(0.05)
    begun = time.monotonic()
    for _ in range(20):
        await client.port_group(group)
    assert time.monotonic() - begun < 2
    assert not any(task.done() for task in waiting)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_vcenter_that_was_away_is_used_again_with_one_login(
    client: SoapClient, clock: ManualClock, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    """Killed and started: its sessions are gone, and connections that were kept are cut."""
    before = await client.about()
    await asyncio.gather(*(client.about() for _ in range(4)))
    await vcsim.call(vcsim.part.stop())
    threads = threading.active_count()
    for _ in range(10):
        with pytest.raises(errors.UnreachableError):
            await client.about()
        clock.advance(5)
    assert threading.active_count() <= threads
    await vcsim.call(vcsim.part.start())
    await vcsim.call(vcsim.part.ready())
    clock.advance(60)
    assert await client.about() == before
    assert await count(vcsim, "Login") == 1


async def test_a_write_after_a_restart_is_sent_on_a_new_connection(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    """On one that was kept, its outcome would not be known."""
    group = (await group_named(client, "DC0-free")).mo_ref
    await asyncio.gather(*(client.about() for _ in range(4)))
    await vcsim.call(vcsim.restart())
    await client.rename(group, "renamed")
    assert (await group_named(client, "renamed")).mo_ref == group
