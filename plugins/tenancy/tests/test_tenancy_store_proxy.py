"""Requests to Vault through an HTTP proxy of the settings."""

from __future__ import annotations

import asyncio
import http.server
import pathlib
import ssl
import threading
from collections.abc import Iterator

import pytest
from akoo_tenancy.store import calls, errors
from akoo_tenancy.store.session import HvacSession
from akoo_testbed.trust import certificates

from akoo_core import external
from akoo_core.outside import bundle, failures, proxies
from tests import connect_proxy

TOKEN = "hvs.canary-of-a-token"


class Vault(http.server.ThreadingHTTPServer):
    """Answers every GET as a Vault that is not sealed."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, pair: certificates.KeyPair, folder: pathlib.Path, ca_pem: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests = 0
        self.ca_pem = ca_pem
        file = folder / "vault.pem"
        file.write_text(pair.certificate_pem + pair.key_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        self.place = f"127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """A client that does not trust the certificate."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Vault

    def do_GET(self) -> None:
        self.server.requests += 1
        body = b'{"sealed": false}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def proxy() -> Iterator[connect_proxy.ConnectProxy]:
    with connect_proxy.running() as made:
        yield made


@pytest.fixture
def server(tmp_path: pathlib.Path) -> Iterator[Vault]:
    authority = certificates.Authority("vault")
    pair = authority.server(("localhost",), ("127.0.0.1",))
    with Vault(pair, tmp_path, authority.pem) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


async def asked(
    server: Vault, seam: external.External, ca_pem: str | None = None
) -> calls.VaultAnswer:
    trusted = server.ca_pem if ca_pem is None else ca_pem
    async with seam.call("vault", "GET seal-status", write=False):
        return await asyncio.to_thread(_asked, server, trusted)


def _asked(server: Vault, ca_pem: str) -> calls.VaultAnswer:
    opened = HvacSession(
        f"https://{server.place}",
        namespace="",
        ca_pem=ca_pem.encode(),
        ca_source="/ca.pem" if ca_pem else "",
        connections=1,
    )
    call = calls.VaultCall(route=calls.Route.SEAL_STATUS)
    try:
        return opened.send(call, token=calls.Secret(TOKEN), headers={})
    finally:
        opened.close()


async def test_calls_go_through_it_and_it_sees_no_request(
    server: Vault, proxy: connect_proxy.ConnectProxy
) -> None:
    assert (await asked(server, proxy.seam())).body == {"sealed": False}
    assert proxy.targets == [server.place]
    sent = b"".join(proxy.seen)
    assert sent.startswith(b"\x16\x03")  # a TLS handshake
    assert TOKEN.encode() not in sent


async def test_hosts_of_no_proxy_are_called_directly(
    server: Vault, proxy: connect_proxy.ConnectProxy
) -> None:
    assert (await asked(server, proxy.seam(server.place))).status == 200
    assert proxy.targets == []


async def test_the_ca_counts_alone_through_it(
    server: Vault, proxy: connect_proxy.ConnectProxy
) -> None:
    with pytest.raises(errors.MisconfiguredError, match="is not trusted"):
        await asked(server, proxy.seam(), certificates.Authority("other").pem)
    assert proxy.targets == [server.place]
    assert server.requests == 0


async def test_a_proxy_that_refuses_is_named_with_the_remedy(
    server: Vault, proxy: connect_proxy.ConnectProxy
) -> None:
    proxy.status = 407
    with pytest.raises(calls.LostError) as caught:
        await asked(server, proxy.seam())
    assert caught.value.problem == failures.refused(proxy.proxy, 407)
    assert not caught.value.sent


async def test_a_proxy_that_is_away_is_named_with_the_remedy(server: Vault) -> None:
    with connect_proxy.running() as proxy:
        url = proxy.url
    with pytest.raises(calls.LostError) as caught:
        await asked(server, external.External(through=proxies.parse(url, ())))
    assert caught.value.problem == failures.unreachable(proxy.proxy)
    assert not caught.value.sent


@pytest.mark.parametrize("behaviour", connect_proxy.HOSTILE)
async def test_a_hostile_proxy_is_one_error_without_its_credential(
    server: Vault,
    proxy: connect_proxy.ConnectProxy,
    behaviour: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = proxy.behave(behaviour, monkeypatch)
    with pytest.raises(calls.LostError) as caught:
        await asked(server, proxy.seam(credential=connect_proxy.CREDENTIAL))
    assert caught.value.problem == problem
    assert not caught.value.sent
    assert proxy.credentials == [connect_proxy.HEADER]
    assert server.requests == 0


async def test_the_ca_bundle_counts_where_no_ca_file_is_named(
    server: Vault, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "bundle.pem"
    file.write_text(server.ca_pem)
    seam = external.External(cas=bundle.CaBundle(str(file)))
    assert (await asked(server, seam, ca_pem="")).status == 200
    other = certificates.Authority("other").pem
    with pytest.raises(errors.MisconfiguredError, match=r"in /ca\.pem vouches"):
        await asked(server, seam, other)
    file.write_text(other)
    with pytest.raises(errors.MisconfiguredError, match=r"of caBundle \("):
        await asked(server, seam, ca_pem="")
    assert server.requests == 1
