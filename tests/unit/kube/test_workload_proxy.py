"""Requests to workload clusters through the proxy for systems outside."""

from __future__ import annotations

import base64
import pathlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from akoo_core import clock, external
from akoo_core.kube import connection, endpoint, errors, transport, workloads
from akoo_core.kube import resource as resources
from akoo_core.kube.access import tls
from akoo_core.objects import names
from akoo_core.outside import failures
from akoo_core.testing import memory
from tests import connect_proxy, tls_server

HOST = "api.shop.example.com"
TOKEN = "c4nary-token-of-the-workload"
BODY = b'{"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "s", "namespace": "ns"}}'


@pytest.fixture
def proxy() -> Iterator[connect_proxy.ConnectProxy]:
    with connect_proxy.running() as made:
        yield made


@pytest.fixture
def api(
    tmp_path: pathlib.Path, proxy: connect_proxy.ConnectProxy
) -> Iterator[tls_server.TlsServer]:
    """An API server that only the proxy knows by its name."""
    with tls_server.running(tmp_path, BODY, (HOST,)) as made:
        proxy.routes[f"{HOST}:6443"] = ("127.0.0.1", made.port)
        yield made


def secret(server: str, ca_pem: str, more: str = "") -> dict[str, Any]:
    ca = base64.b64encode(ca_pem.encode()).decode()
    text = f"""
apiVersion: v1
kind: Config
current-context: c
contexts: [{{name: c, context: {{cluster: c, user: u}}}}]
clusters: [{{name: c, cluster: {{server: "{server}", certificate-authority-data: {ca}{more}}}}}]
users: [{{name: u, user: {{token: {TOKEN}}}}}]
"""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": "demo", "name": names.kubeconfig_secret_name("shop")},
        "data": {"value": base64.b64encode(text.encode()).decode()},
    }


Ask = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def ask() -> AsyncIterator[Ask]:
    """Reads a Secret of the workload cluster of a kubeconfig."""
    opened: list[workloads.WorkloadClients] = []

    async def asked(
        kubeconfig: dict[str, Any], seam: external.External, **options: Any
    ) -> dict[str, Any]:
        server = memory.MemoryServer()
        server.seed(kubeconfig)
        clients = workloads.WorkloadClients(
            server.client(), external=seam, clock=clock.ManualClock(), **options
        )
        opened.append(clients)
        client = await clients.client_for("demo", "shop", "uid-1")
        return await client.get(resources.SECRETS, "s", "ns")

    yield asked
    for clients in opened:
        await clients.close()


async def test_calls_go_through_it_and_it_resolves_the_name(
    ask: Ask, api: tls_server.TlsServer, proxy: connect_proxy.ConnectProxy
) -> None:
    seam = proxy.seam("elsewhere.example.com", credential=connect_proxy.CREDENTIAL)
    got = await ask(secret(f"https://{HOST}:6443", api.ca_pem), seam)
    assert got["metadata"]["name"] == "s"
    assert proxy.targets == [f"{HOST}:6443"]
    assert proxy.credentials == [connect_proxy.HEADER]
    sent = b"".join(proxy.seen)
    assert sent.startswith(b"\x16\x03")  # a TLS handshake
    assert TOKEN.encode() not in sent


async def test_hosts_of_no_proxy_are_called_directly(
    ask: Ask, api: tls_server.TlsServer, proxy: connect_proxy.ConnectProxy
) -> None:
    kubeconfig = secret(f"https://{api.place}", api.ca_pem)
    await ask(kubeconfig, proxy.seam("127.0.0.0/8"), allow_local_addresses=True)
    assert proxy.targets == []
    await ask(kubeconfig, proxy.seam("10.0.0.0/8"), allow_local_addresses=True)
    assert proxy.targets == [api.place]


async def test_the_proxy_of_a_kubeconfig_overrides_it(
    ask: Ask, api: tls_server.TlsServer, proxy: connect_proxy.ConnectProxy
) -> None:
    with connect_proxy.running() as own:
        own.routes = proxy.routes
        kubeconfig = secret(f"https://{HOST}:6443", api.ca_pem, f', proxy-url: "{own.url}"')
        await ask(kubeconfig, proxy.seam(), allow_proxy=True, allow_local_addresses=True)
        assert own.targets == [f"{HOST}:6443"]
    assert proxy.targets == []


async def test_local_addresses_are_refused_through_it_too(
    ask: Ask, api: tls_server.TlsServer, proxy: connect_proxy.ConnectProxy
) -> None:
    with pytest.raises(errors.KubeconfigError):
        await ask(secret(f"https://{api.place}", api.ca_pem), proxy.seam())
    assert proxy.targets == []


async def test_the_management_cluster_is_never_called_through_it(
    api: tls_server.TlsServer, proxy: connect_proxy.ConnectProxy
) -> None:
    target = endpoint.Endpoint(
        server=f"https://{api.place}", tls=tls.client_context(ca=api.ca_pem.encode())
    )
    client = transport.HttpClient(target, external=proxy.seam())
    await client.get(resources.SECRETS, "s", "ns")
    await client.close()
    assert len(api.requests) == 1
    assert proxy.targets == []


@pytest.mark.parametrize("behaviour", ["babbles", "closes", "is silent"])
async def test_a_hostile_proxy_is_one_error_that_names_it(
    ask: Ask,
    api: tls_server.TlsServer,
    proxy: connect_proxy.ConnectProxy,
    behaviour: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy.behave(behaviour, monkeypatch)
    seconds = 0.5 if behaviour == "is silent" else 10.0
    seam = proxy.seam(credential=connect_proxy.CREDENTIAL)
    with pytest.raises(errors.UnreachableError) as caught:
        await ask(secret(f"https://{HOST}:6443", api.ca_pem), seam, deadline_seconds=seconds)
    assert f"{connection.UNTRUSTED}, through proxy {proxy.url}" in str(caught.value)
    assert f"through proxy {proxy.url}" in caught.value.detail
    assert "operator" not in str(caught.value) + caught.value.detail


async def test_a_proxy_that_asks_for_a_login_or_is_away_is_named_with_the_remedy(
    ask: Ask, api: tls_server.TlsServer, proxy: connect_proxy.ConnectProxy
) -> None:
    kubeconfig = secret(f"https://{HOST}:6443", api.ca_pem)
    proxy.status = 407
    with pytest.raises(errors.UnreachableError) as caught:
        await ask(kubeconfig, proxy.seam())
    assert failures.refused(proxy.proxy, 407) in str(caught.value)
    with connect_proxy.running() as other:
        seam = other.seam()
    with pytest.raises(errors.UnreachableError) as caught:
        await ask(kubeconfig, seam)
    assert failures.unreachable(other.proxy) in str(caught.value)


@pytest.mark.parametrize("status", [403, 502, 504])
async def test_other_refusals_are_in_the_log_alone(
    ask: Ask, api: tls_server.TlsServer, proxy: connect_proxy.ConnectProxy, status: int
) -> None:
    """The author of an address cannot scan by them."""
    proxy.status = status
    with pytest.raises(errors.UnreachableError) as caught:
        await ask(secret(f"https://{HOST}:6443", api.ca_pem), proxy.seam())
    assert caught.value.detail == failures.refused(proxy.proxy, status)
    assert str(status) not in str(caught.value).replace(proxy.url, "")
    assert f"{connection.UNTRUSTED}, through proxy {proxy.url}" in str(caught.value)
