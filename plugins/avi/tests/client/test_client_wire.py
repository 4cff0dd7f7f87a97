"""The transport of requests: TLS, redirects, the environment, time, and the identity of
the server."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from akoo_avi.client import (
    AviClient,
    Controllers,
    Credential,
    NotAviError,
    OutcomeUnknownError,
    RedirectedError,
    SessionLostError,
    SessionRegistry,
    TlsError,
    UnreachableError,
    calls,
    session,
)
from akoo_testbed.avisim import faults, values
from akoo_testbed.avisim import pytest as avisim_
from akoo_testbed.trust import certificates, chains

from akoo_core import external

Connect = Callable[..., Awaitable[AviClient]]


def arm(avisim: avisim_.RunningAvi, **fault: Any) -> int:
    return avisim.controller.faults.add(faults.Fault(**fault))


# TLS


async def test_a_certificate_of_another_ca(connect: Connect, avisim: avisim_.RunningAvi) -> None:
    other = certificates.Authority("other").pem
    with pytest.raises(
        TlsError, match=r"127.0.0.1:\d+ is not trusted: .* no certificate in key x of y"
    ):
        await connect(ca_pem=other, ca_source="key x of y")
    assert not list(avisim.controller.journal)


async def test_without_a_ca_those_of_the_system_count(
    connect: Connect, avisim: avisim_.RunningAvi, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TlsError, match="is not trusted"):
        await connect(ca_pem="")
    monkeypatch.setenv("SSL_CERT_FILE", str(avisim.ca_file))
    assert await (await connect(ca_pem="")).version() == "30.2.2"


async def test_a_certificate_for_another_name(
    controllers: Controllers, avisim: avisim_.RunningAvi, seam: external.External
) -> None:
    who = Credential("admin", avisim.options.password, avisim.server.ca_pem)
    by_name = f"localhost:{avisim.server.port}"
    assert await controllers.client(by_name, who, external=seam)
    with pytest.raises(TlsError, match=r"127\.1:.* is not trusted: Hostname mismatch"):
        await controllers.client(f"127.1:{avisim.server.port}", who, external=seam)


async def test_a_ca_among_other_text_and_certificates(
    connect: Connect, avisim: avisim_.RunningAvi
) -> None:
    others = [certificates.Authority(f"other-{n}").pem for n in range(2)]
    pem = "\r\n".join(["# Zürich", others[0], avisim.server.ca_pem, others[1], others[0]])
    assert await (await connect(ca_pem=pem)).version() == "30.2.2"


async def test_the_ca_counts_alone(
    connect: Connect, avisim: avisim_.RunningAvi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither those of the system nor those that requests brings along are believed, too."""
    monkeypatch.setenv("SSL_CERT_FILE", str(avisim.ca_file))
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(avisim.ca_file))
    with pytest.raises(TlsError, match="is not trusted"):
        await connect(ca_pem=certificates.Authority("other").pem)


@pytest.mark.parametrize("trusted", ["root", "issuing", "leaf"])
async def test_what_go_trusts_is_trusted(
    controllers: Controllers, seam: external.External, trusted: str
) -> None:
    """Certificates of an older internal CA: without key identifiers, any of them as the anchor."""
    root = chains.make("root", ca=True, bare=True)
    issuing = root.issue("issuing", ca=True)
    leaf = issuing.issue("avi")
    ca = {"root": root, "issuing": issuing, "leaf": leaf}[trusted].pem
    async with canned(http(b"[]"), chains.server_context(leaf, issuing)) as port:
        who = Credential("admin", "Canned-password-1", ca)
        with pytest.raises(NotAviError):
            await controllers.client(f"127.0.0.1:{port}", who, external=seam)


@pytest.mark.parametrize("pem", ["nonsense", "-----BEGIN CERTIFICATE-----\nAAAA", "Zürich"])
async def test_a_ca_that_is_none(connect: Connect, pem: str) -> None:
    with pytest.raises(TlsError, match="holds no certificate in PEM"):
        await connect(ca_pem=pem)


async def test_a_ca_may_come_with_words(connect: Connect, avisim: avisim_.RunningAvi) -> None:
    assert await connect(ca_pem=f"# Zürich\n{avisim.server.ca_pem}")


async def test_a_port_that_does_not_speak_tls(
    controllers: Controllers, seam: external.External
) -> None:
    async with canned(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", None) as port:
        with pytest.raises(TlsError, match="does not speak TLS"):
            await controllers.client(f"127.0.0.1:{port}", WHO, external=seam)


# Who is there

WHO = Credential("admin", "Canned-password-1")


@contextlib.asynccontextmanager
async def canned(answer: bytes, tls: ssl.SSLContext | None) -> AsyncIterator[int]:
    """A server that answers everything in the same way; its port."""

    served: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.add(asyncio.current_task())
        with contextlib.suppress(OSError):
            await reader.read(1000)
            writer.write(answer)
            await writer.drain()
            await reader.read()  # until the client has seen enough
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*(task for task in served if task))


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@pytest.mark.parametrize(
    "answer",
    [
        http(b"<html>Welcome</html>"),
        http(b"[]"),
        http(b"{}"),
        http(b'{"version": []}', "Set-Cookie: csrftoken=x"),
        http(b'{"session_cookie_name": {}}', "Set-Cookie: csrftoken=x"),
        http(b"{}", "Set-Cookie: sessionid=x"),
    ],
)
async def test_something_that_is_no_controller(
    controllers: Controllers, seam: external.External, tmp_path: pathlib.Path, answer: bytes
) -> None:
    authority = certificates.Authority("canned")
    certificate, key = authority.server().write(tmp_path, "server")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    who = Credential("admin", "Canned-password-1", authority.pem)
    async with canned(answer, tls) as port:
        with pytest.raises(NotAviError, match=f"127.0.0.1:{port}.*Check"):
            await controllers.client(f"127.0.0.1:{port}", who, external=seam)


async def test_nobody_is_there(controllers: Controllers, seam: external.External) -> None:
    async with canned(b"", None) as port:
        pass
    with pytest.raises(UnreachableError, match="nobody accepts connections there"):
        await controllers.client(f"127.0.0.1:{port}", WHO, external=seam)
    with pytest.raises(UnreachableError, match="POST login: its name does not resolve"):
        await controllers.client("nowhere.invalid", WHO, external=seam)
    with pytest.raises(UnreachableError, match="is no address"):
        await controllers.client("https://avi.example.com", WHO, external=seam)


def redirecting(avisim: avisim_.RunningAvi, to: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every answer be a redirect; the targets that were asked for."""
    asked: list[str] = []

    def handle(request: values.Request, *_: object) -> values.Response:
        asked.append(request.target)
        return values.Response(status=307, headers=[("Location", to)])

    monkeypatch.setattr(avisim.controller, "handle", handle)
    return asked


async def test_redirects_are_not_followed(
    connect: Connect, avisim: avisim_.RunningAvi, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await connect()
    with monkeypatch.context() as patch:
        asked = redirecting(avisim, f"{avisim.url}/elsewhere", patch)
        with pytest.raises(RedirectedError, match=r"redirect \(307\), which is not followed"):
            await client.list("pool")
        with pytest.raises(RedirectedError):
            await client.create("pool", {"name": "x"}, tenant="admin")
        with pytest.raises(RedirectedError):
            await connect(password="Another-password-1")
        assert [path.partition("?")[0] for path in asked] == ["/api/pool", "/api/pool", "/login"]
    assert await client.list("pool") == ()


async def test_the_environment_decides_nothing(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    bundle = tmp_path / "other.pem"
    bundle.write_text(certificates.Authority("other").pem)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(bundle))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    client = await connect()
    assert await client.list("pool") == ()


# Time


async def test_an_answer_that_does_not_come_in_time(
    connect: Connect, avisim: avisim_.RunningAvi, seam: external.External
) -> None:
    client = await connect()
    usual = seam.deadline_seconds, seam.longest_seconds
    seam.deadline_seconds = seam.longest_seconds = 0.3
    arm(avisim, hold_seconds=60, kind="pool", times=None)
    with pytest.raises(OutcomeUnknownError, match=r'POST pool "x" .* was lost'):
        await client.create("pool", {"name": "x"}, tenant="admin")
    with pytest.raises(UnreachableError, match="GET pool"):
        await client.list("pool")
    avisim.controller.faults.clear()
    seam.deadline_seconds, seam.longest_seconds = usual
    assert await client.list("vsvip") == ()


async def test_no_time_left_for_a_login(
    connect: Connect, avisim: avisim_.RunningAvi, seam: external.External
) -> None:
    client = await connect()
    seam.deadline_seconds = 0.01
    with pytest.raises(UnreachableError, match="no time was left"):
        await client.list("pool")
    assert not avisim.controller.journal.entries(kind="pool")


async def test_a_login_that_nobody_waits_for_is_closed(
    connect: Connect, avisim: avisim_.RunningAvi, seam: external.External
) -> None:
    """Every test here checks afterwards that nothing is left open."""
    late = arm(avisim, delay_seconds=60, path="/login")
    task = asyncio.ensure_future(connect())
    deadline = asyncio.get_running_loop().time() + 5
    while not avisim.controller.journal.entries(path="/login"):
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    avisim.controller.faults.remove(late)
    assert await (await connect()).list("pool") == ()


async def test_a_controller_that_hangs_delays_no_other(
    avisim: avisim_.RunningAvi, seam: external.External
) -> None:
    controllers = SessionRegistry(pool_size=2)
    options = avisim_.AviOptions()
    with avisim_.running(options) as other:
        clients = []
        for avi in (avisim, other):
            who = Credential("admin", options.password, avi.server.ca_pem)
            address = avi.url.removeprefix("https://")
            clients.append(await controllers.client(address, who, external=seam))
        hanging, well = clients
        fault = arm(avisim, hold_seconds=60, kind="pool", times=None)
        tasks = [asyncio.ensure_future(hanging.list("pool")) for _ in range(6)]
        while avisim.controller.faults.met(fault) < 3:  # noqa: ASYNC110 - of another thread
            await asyncio.sleep(0.005)
        for _ in range(20):
            assert await well.list("pool") == ()
        assert not any(task.done() for task in tasks)
        assert avisim.controller.faults.met(fault) == 3  # its own threads wait, the rest queues
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        avisim.run(avisim.server.stop())
        await controllers.close()
        with pytest.raises(SessionLostError):
            await controllers.client("127.0.0.1", WHO, external=seam)


async def test_a_connection_that_was_idle_too_long_is_no_lost_write(
    connect: Connect, avisim: avisim_.RunningAvi
) -> None:
    client = await connect()
    avisim.run(cut_all(avisim))
    assert (await client.create("pool", {"name": "x"}, tenant="admin"))["name"] == "x"


@pytest.mark.parametrize("name", ["客户", "Grün", "blue "])
async def test_a_tenant_of_any_name_is_asked_by_its_uuid(
    connect: Connect, avisim: avisim_.RunningAvi, name: str
) -> None:
    client = await connect()
    tenant = (await client.create("tenant", {"name": name}, tenant="admin"))["uuid"]
    pool = await client.create("pool", {"name": "x"}, tenant=tenant)
    assert [obj["name"] for obj in await client.list("pool", tenant=tenant)] == ["x"]
    assert await client.list("pool", tenant="admin") == ()
    assert await client.delete("pool", pool["uuid"], tenant=tenant)


def test_a_closed_session_has_no_connections_whoever_keeps_it(
    avisim: avisim_.RunningAvi,
) -> None:
    who = Credential("admin", avisim.options.password, avisim.server.ca_pem)
    address, deadline = f"127.0.0.1:{avisim.server.port}", time.monotonic() + 5
    made = session.SdkSession.login(address, who, deadline=deadline, connections=1)
    assert isinstance(made, session.SdkSession)
    pools = made._sdk.get_adapter(avisim.url).poolmanager.pools
    kept = [pools.get(key) for key in pools.keys()]  # noqa: SIM118 - it cannot be iterated
    made.close()
    assert [session.pool for session in kept] == [None]
    with pytest.raises(calls.LostError, match="was closed"):
        made.send(calls.LOGOUT, address=address, anchors="", deadline=deadline)


async def cut_all(avisim: avisim_.RunningAvi) -> None:
    server = avisim.server._server
    assert server is not None
    for connection in server.connections:
        assert connection.transport is not None
        connection.transport.close()
    await asyncio.sleep(0.05)
