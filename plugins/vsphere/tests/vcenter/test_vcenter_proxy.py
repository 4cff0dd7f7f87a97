"""The client of vCenter through an HTTP proxy of the settings."""

from __future__ import annotations

import dataclasses
import pathlib
import ssl
from collections.abc import Iterator

import pytest
from akoo_testbed.trust import certificates
from akoo_testbed.vcsim import pytest as vcsim_plugin
from akoo_vsphere.client import errors, trust
from akoo_vsphere.client.account import Account
from akoo_vsphere.client.sessions import SharedVCenters

from akoo_core import external
from akoo_core.outside import bundle, failures, proxies
from tests import connect_proxy

OTHER = certificates.Authority("other").pem


@pytest.fixture
def proxy() -> Iterator[connect_proxy.ConnectProxy]:
    with connect_proxy.running() as made:
        yield made


def pin(vcsim: vcsim_plugin.RunningVcsim) -> str:
    pair = vcsim.part._certificate
    assert pair is not None
    leaf = pair.certificate_pem.split("-----END CERTIFICATE-----")[0]
    return trust.fingerprint(ssl.PEM_cert_to_DER_cert(f"{leaf}-----END CERTIFICATE-----\n"))


async def uuid_through(vcenters: SharedVCenters, account: Account, seam: external.External) -> str:
    client = await vcenters.client(account, external=seam)
    return (await client.about()).instance_uuid


@pytest.mark.parametrize("pinned", [False, True])
async def test_calls_go_through_it_and_it_sees_no_request(
    vcenters: SharedVCenters,
    account: Account,
    vcsim: vcsim_plugin.RunningVcsim,
    proxy: connect_proxy.ConnectProxy,
    pinned: bool,
) -> None:
    if pinned:
        account = dataclasses.replace(account, ca_pem="", thumbprint=pin(vcsim))
    assert await uuid_through(vcenters, account, proxy.seam())
    assert set(proxy.targets) == {account.address}
    sent = b"".join(proxy.seen)
    assert sent.startswith(b"\x16\x03")  # a TLS handshake
    assert account.password.encode() not in sent
    assert b"/sdk" not in sent


async def test_hosts_of_no_proxy_are_called_directly(
    vcenters: SharedVCenters, account: Account, proxy: connect_proxy.ConnectProxy
) -> None:
    host = account.address.rpartition(":")[0]
    assert await uuid_through(vcenters, account, proxy.seam(host))
    assert proxy.targets == []


@pytest.mark.parametrize("pinned", [False, True])
async def test_ca_and_pin_are_checked_through_it(
    vcenters: SharedVCenters, account: Account, proxy: connect_proxy.ConnectProxy, pinned: bool
) -> None:
    wrong = ":".join(["00"] * 32)
    account = dataclasses.replace(account, ca_pem="", thumbprint=wrong if pinned else "")
    with pytest.raises(errors.TlsError):
        await uuid_through(vcenters, account, proxy.seam())
    assert proxy.targets


@pytest.mark.parametrize("status", [403, 407, 502])
async def test_a_proxy_that_refuses_is_named_with_the_remedy(
    vcenters: SharedVCenters, account: Account, proxy: connect_proxy.ConnectProxy, status: int
) -> None:
    proxy.status = status
    with pytest.raises(errors.UnreachableError) as caught:
        await uuid_through(vcenters, account, proxy.seam())
    assert failures.refused(proxy.proxy, status) in str(caught.value)


async def test_a_proxy_that_is_away_is_named_with_the_remedy(
    vcenters: SharedVCenters, account: Account
) -> None:
    with connect_proxy.running() as proxy:
        url = proxy.url
    seam = external.External(through=proxies.parse(url, ()))
    with pytest.raises(errors.UnreachableError) as caught:
        await uuid_through(vcenters, account, seam)
    assert failures.unreachable(proxy.proxy) in str(caught.value)


@pytest.mark.parametrize("behaviour", connect_proxy.HOSTILE)
async def test_a_hostile_proxy_is_one_error_without_its_credential(
    vcenters: SharedVCenters,
    account: Account,
    proxy: connect_proxy.ConnectProxy,
    behaviour: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = proxy.behave(behaviour, monkeypatch)
    seam = proxy.seam(credential=connect_proxy.CREDENTIAL)
    with pytest.raises(errors.UnreachableError) as caught:
        await uuid_through(vcenters, account, seam)
    assert problem in str(caught.value)
    assert set(proxy.credentials) == {connect_proxy.HEADER}


async def test_the_ca_bundle_counts_where_the_account_has_no_ca(
    vcenters: SharedVCenters, account: Account, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "bundle.pem"
    file.write_text(OTHER)
    seam = external.External(cas=bundle.CaBundle(str(file)))
    bare = dataclasses.replace(account, ca_pem="")
    client = await vcenters.client(bare, external=seam)
    with pytest.raises(errors.TlsError, match="caBundle"):
        await client.about()
    file.write_text(account.ca_pem)
    assert (await client.about()).instance_uuid


async def test_the_ca_of_the_account_counts_alone(
    vcenters: SharedVCenters, account: Account, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "bundle.pem"
    file.write_text(account.ca_pem)
    seam = external.External(cas=bundle.CaBundle(str(file)))
    with pytest.raises(errors.TlsError):
        await uuid_through(vcenters, dataclasses.replace(account, ca_pem=OTHER), seam)
