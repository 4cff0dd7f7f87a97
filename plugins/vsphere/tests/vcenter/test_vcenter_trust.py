"""Certificates: a CA, a pin, and what is sent before they are checked (nothing)."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pytest
from akoo_testbed.trust import certificates
from akoo_testbed.vcsim import pytest as vcsim_plugin
from akoo_vsphere.client import errors, trust
from akoo_vsphere.client.client import SoapClient

from tests.vsphere.vcenter_client import Open, count


@pytest.fixture(autouse=True)
def certificate(vcsim: vcsim_plugin.RunningVcsim) -> Iterator[None]:
    """The certificate of the vCenter, which is presented again after the test."""
    original = vcsim.part._certificate
    assert original is not None
    yield
    vcsim.part.present(original)


@pytest.fixture
def other(vcsim: vcsim_plugin.RunningVcsim) -> certificates.KeyPair:
    """A certificate of another authority for the same address."""
    return certificates.Authority("another").server(("localhost",), ("127.0.0.1",))


@pytest.fixture
def renewed(vcsim: vcsim_plugin.RunningVcsim) -> certificates.KeyPair:
    """A new certificate of the same authority."""
    return vcsim.part.base.authority.server(("localhost",), ("127.0.0.1",))


def pin(pair: certificates.KeyPair) -> str:
    leaf = pair.certificate_pem.split("-----END CERTIFICATE-----")[0]
    return trust.fingerprint(ssl.PEM_cert_to_DER_cert(f"{leaf}-----END CERTIFICATE-----\n"))


def present(vcsim: vcsim_plugin.RunningVcsim, pair: certificates.KeyPair) -> None:
    vcsim.part.present(pair)


async def drop(client: SoapClient) -> None:
    """Close the connections that are kept, as an idle time does."""
    transport = client._connection._door._transport  # type: ignore[attr-defined]
    while transport._idle:
        transport._idle.pop().close()


async def test_a_pinned_certificate_is_trusted_without_its_authority(
    open_client: Open, vcsim: vcsim_plugin.RunningVcsim, other: certificates.KeyPair
) -> None:
    present(vcsim, other)
    client = await open_client(ca_pem="", thumbprint=pin(other))
    assert (await client.about()).instance_uuid
    lower = await open_client(ca_pem="", thumbprint=pin(other).lower())
    assert (await lower.about()).instance_uuid


async def test_nothing_is_sent_to_another_certificate_than_the_pinned_one(
    open_client: Open, vcsim: vcsim_plugin.RunningVcsim, other: certificates.KeyPair
) -> None:
    client = await open_client(ca_pem="", thumbprint=pin(other))
    await vcsim.call(vcsim.control.clear_calls())
    with pytest.raises(errors.TlsError, match=r"spec\.thumbprint"):
        await client.about()
    calls = await vcsim.call(vcsim.control.calls())
    assert calls.total == 0
    transport = client._connection._door._transport  # type: ignore[attr-defined]
    assert transport._opener._context is None


async def test_the_pin_is_compared_on_each_connection(
    open_client: Open,
    vcsim: vcsim_plugin.RunningVcsim,
    other: certificates.KeyPair,
    renewed: certificates.KeyPair,
) -> None:
    """Another certificate on the second connection, also one of the same authority."""
    present(vcsim, renewed)
    client = await open_client(ca_pem="", thumbprint=pin(renewed))
    await client.about()
    again = vcsim.part.base.authority.server(("localhost",), ("127.0.0.1",))
    for pair in (other, again):
        present(vcsim, pair)
        await drop(client)
        await vcsim.call(vcsim.control.clear_calls())
        with pytest.raises(errors.TlsError, match=r"spec\.thumbprint"):
            await client.about()
        assert (await vcsim.call(vcsim.control.calls())).total == 0
    present(vcsim, renewed)
    assert (await client.about()).instance_uuid


async def test_the_pin_is_compared_although_the_context_would_trust(
    open_client: Open,
    vcsim: vcsim_plugin.RunningVcsim,
    renewed: certificates.KeyPair,
    other: certificates.KeyPair,
) -> None:
    """Our own comparison holds where that of OpenSSL does not."""
    present(vcsim, renewed)
    client = await open_client(ca_pem="", thumbprint=pin(renewed))
    await client.about()
    client._connection._door._transport._opener._context = trust.probing()  # type: ignore[attr-defined]
    present(vcsim, other)
    await drop(client)
    with pytest.raises(errors.TlsError, match=r"spec\.thumbprint"):
        await client.about()


async def test_the_context_trusts_the_pinned_certificate_alone(
    open_client: Open,
    vcsim: vcsim_plugin.RunningVcsim,
    renewed: certificates.KeyPair,
    other: certificates.KeyPair,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """OpenSSL's check holds where our own comparison does not."""
    present(vcsim, renewed)
    client = await open_client(ca_pem="", thumbprint=pin(renewed))
    await client.about()
    monkeypatch.setattr(trust, "check_pin", lambda *_: None)
    present(vcsim, other)
    await drop(client)
    with pytest.raises(errors.TlsError, match=r"spec\.thumbprint"):
        await client.about()


async def test_a_renewed_certificate_of_the_authority_is_trusted(
    client: SoapClient,
    vcsim: vcsim_plugin.RunningVcsim,
    renewed: certificates.KeyPair,
    other: certificates.KeyPair,
) -> None:
    await client.about()
    present(vcsim, renewed)
    await drop(client)
    await client.about()
    present(vcsim, other)
    await drop(client)
    await vcsim.call(vcsim.control.clear_calls())
    with pytest.raises(errors.TlsError, match=r"No credential was sent"):
        await client.about()
    assert (await vcsim.call(vcsim.control.calls())).total == 0


async def test_a_certificate_for_another_name_is_refused(
    open_client: Open, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    pair = vcsim.part.base.authority.server(("elsewhere.example",), ("127.0.0.2",))
    present(vcsim, pair)
    client = await open_client()
    with pytest.raises(errors.TlsError, match="subject alternative names"):
        await client.about()


async def test_without_ca_and_pin_the_authorities_of_the_system_count(
    open_client: Open, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    client = await open_client(ca_pem="")
    with pytest.raises(errors.TlsError, match="CAs of the system"):
        await client.about()
    assert await count(vcsim, "Login") == 0


async def test_a_ca_that_is_none_is_refused(open_client: Open) -> None:
    client = await open_client(ca_pem="no certificate")
    with pytest.raises(errors.TlsError, match=r"spec\.caRef"):
        await client.about()


@pytest.mark.parametrize("address", ["http://vcenter", "vcenter/sdk", "user:pw@vcenter", ""])
async def test_an_address_with_more_than_host_and_port_is_refused(
    address: str, open_client: Open
) -> None:
    client = await open_client(address=address)
    with pytest.raises(errors.UnreachableError) as raised:
        await client.about()
    assert "pw" not in str(raised.value)


async def test_an_address_that_speaks_no_tls_gets_nothing(
    open_client: Open, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    """The control endpoint of the bed speaks HTTP in the clear."""
    client = await open_client(address=f"127.0.0.1:{vcsim.part._control_port}")
    with pytest.raises(errors.TlsError, match="does not speak TLS"):
        await client.about()
