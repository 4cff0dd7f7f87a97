"""The client through an HTTP proxy of the settings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from akoo_avi.client import Controllers, Credential, TlsError, UnreachableError
from akoo_testbed.avisim import pytest as avisim_
from akoo_testbed.trust import certificates

from akoo_core import external
from akoo_core.outside import failures, proxies
from tests import connect_proxy


@pytest.fixture
def proxy() -> Iterator[connect_proxy.ConnectProxy]:
    with connect_proxy.running() as made:
        yield made


def credential(avisim: avisim_.RunningAvi, ca_pem: str = "") -> Credential:
    return Credential("admin", avisim.options.password, ca_pem or avisim.server.ca_pem)


def address(avisim: avisim_.RunningAvi) -> str:
    return f"127.0.0.1:{avisim.server.port}"


async def test_calls_go_through_it_and_it_sees_no_request(
    controllers: Controllers, avisim: avisim_.RunningAvi, proxy: connect_proxy.ConnectProxy
) -> None:
    client = await controllers.client(
        address(avisim), credential(avisim), external=proxy.seam("elsewhere.example.com")
    )
    assert await client.version() == "30.2.2"
    assert await client.list("tenant", tenant="admin")
    assert set(proxy.targets) == {address(avisim)}
    sent = b"".join(proxy.seen)
    assert sent.startswith(b"\x16\x03")  # a TLS handshake
    assert avisim.options.password.encode() not in sent
    assert b"/login" not in sent


async def test_hosts_of_no_proxy_are_called_directly(
    controllers: Controllers, avisim: avisim_.RunningAvi, proxy: connect_proxy.ConnectProxy
) -> None:
    seam = proxy.seam("127.0.0.0/8")
    client = await controllers.client(address(avisim), credential(avisim), external=seam)
    assert await client.version() == "30.2.2"
    assert proxy.targets == []


async def test_the_ca_counts_alone_through_it(
    controllers: Controllers, avisim: avisim_.RunningAvi, proxy: connect_proxy.ConnectProxy
) -> None:
    who = credential(avisim, certificates.Authority("other").pem)
    with pytest.raises(TlsError, match=r"is not trusted: .* no certificate in"):
        await controllers.client(address(avisim), who, external=proxy.seam())
    assert proxy.targets
    assert not list(avisim.controller.journal)


async def test_the_name_is_checked_through_it(
    controllers: Controllers, avisim: avisim_.RunningAvi, proxy: connect_proxy.ConnectProxy
) -> None:
    with pytest.raises(TlsError, match="Hostname mismatch"):
        await controllers.client(
            f"127.1:{avisim.server.port}", credential(avisim), external=proxy.seam()
        )


async def test_a_proxy_that_refuses_is_named_with_the_remedy(
    controllers: Controllers, avisim: avisim_.RunningAvi, proxy: connect_proxy.ConnectProxy
) -> None:
    proxy.status = 403
    with pytest.raises(UnreachableError) as caught:
        await controllers.client(address(avisim), credential(avisim), external=proxy.seam())
    assert failures.refused(proxy.proxy, 403) in str(caught.value)


async def test_a_proxy_that_is_away_is_named_with_the_remedy(
    controllers: Controllers, avisim: avisim_.RunningAvi
) -> None:
    with connect_proxy.running() as proxy:
        url = proxy.url
    seam = external.External(through=proxies.parse(url, ()))
    with pytest.raises(UnreachableError) as caught:
        await controllers.client(address(avisim), credential(avisim), external=seam)
    assert failures.unreachable(proxy.proxy) in str(caught.value)
    assert not list(avisim.controller.journal)


@pytest.mark.parametrize("behaviour", connect_proxy.HOSTILE)
async def test_a_hostile_proxy_is_one_error_without_its_credential(
    controllers: Controllers,
    avisim: avisim_.RunningAvi,
    proxy: connect_proxy.ConnectProxy,
    behaviour: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = proxy.behave(behaviour, monkeypatch)
    seam = proxy.seam(credential=connect_proxy.CREDENTIAL)
    with pytest.raises(UnreachableError) as caught:
        await controllers.client(address(avisim), credential(avisim), external=seam)
    assert problem in str(caught.value)
    assert set(proxy.credentials) == {connect_proxy.HEADER}
    assert not list(avisim.controller.journal)
