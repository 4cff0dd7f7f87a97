"""Local addresses are refused by the socket that would connect to them; tenants learn no more."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

import pytest
from aiohttp import abc

from akoo_core import clock, external
from akoo_core.kube import circuit, connection, dialing, endpoint, errors, resource, transport
from tests.unit.kube.hostile_server import http, running


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.0.9", "0.0.0.0", "0.1.2.3", "169.254.169.254", "224.0.0.1"),
        *("239.255.255.255", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::"),
        "::127.0.0.1",
    ],
)
def test_local_addresses(address: str) -> None:
    assert dialing.is_local(address)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with pytest.raises(dialing.LocalAddressError):
        dialing.remote_socket((family, socket.SOCK_STREAM, 6, "", (address, 443)))


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "8.8.8.8", "fd00::1"),
        *("2001:db8::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "name.example.com", ""),
    ],
)
def test_addresses_of_clusters(address: str) -> None:
    assert not dialing.is_local(address)


def test_a_socket_for_any_other_address() -> None:
    with dialing.remote_socket(
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 443))
    ) as made:
        assert made.family == socket.AF_INET


class Rebinding(abc.AbstractResolver):
    """Every name is this host."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[abc.ResolveResult]:
        result = {"hostname": host, "host": "127.0.0.1", "port": port, "proto": 6, "flags": 0}
        return [abc.ResolveResult(family=socket.AF_INET, **result)]  # type: ignore[typeddict-item]

    async def close(self) -> None:
        return


async def message(server: str, network: dialing.Network) -> str:
    """The message that a cluster's condition would have."""
    kube = transport.HttpClient(
        endpoint.Endpoint(server=server),
        external=external.External(),
        system="workload",
        circuit=circuit.Circuit(clock.ManualClock()),
        network=network,
    )
    try:
        with pytest.raises(errors.UnreachableError) as caught:
            await kube.get(resource.NAMESPACES, "kube-system")
        return caught.value.message.removeprefix(server)
    finally:
        await kube.close()


async def test_a_name_that_is_this_host_by_now_is_refused() -> None:
    async with running(lambda _: http("{}")) as server:
        url = server.url.replace("127.0.0.1", "api.shop.example")
        text = await message(url, dialing.Network(Rebinding(), local=False, quiet=True))
        assert dialing.REFUSED in text
        assert server.requests == []


async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As services do that speak neither HTTP nor TLS."""
    writer.write(b"-ERR unknown command\r\n")
    await writer.drain()
    writer.close()


async def test_a_tenant_cannot_tell_ports_apart(caplog: pytest.LogCaptureFixture) -> None:
    quiet = dialing.Network(quiet=True)
    caplog.set_level(logging.INFO)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    async with await asyncio.start_server(greet, "127.0.0.1", 0) as other:
        where = f"127.0.0.1:{other.sockets[0].getsockname()[1]}"
        no_http = await message(f"http://{where}", quiet)
        no_tls = await message(f"https://{where}", quiet)
    refused = await message(f"https://127.0.0.1:{port}", quiet)
    assert no_http == no_tls == refused == f" cannot be reached: {connection.UNTRUSTED}"
    details = [record.getMessage() for record in caplog.records]
    assert any("no connection" in line for line in details), "the operator's log has it"
    assert any("TLS" in line for line in details)


async def test_the_operators_own_api_server_is_told_in_full() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    assert "no connection" in await message(f"https://127.0.0.1:{port}", dialing.OPEN)
