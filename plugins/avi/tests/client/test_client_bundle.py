"""The client with the CAs of the setting caBundle."""

from __future__ import annotations

import pathlib

import pytest
from akoo_avi.client import AviError, Controllers, Credential, TlsError
from akoo_testbed.avisim import pytest as avisim_
from akoo_testbed.trust import certificates

from akoo_core import external
from akoo_core.outside import bundle
from tests import connect_proxy, tls_server

OTHER = certificates.Authority("other").pem


@pytest.fixture
def file(tmp_path: pathlib.Path, avisim: avisim_.RunningAvi) -> pathlib.Path:
    made = tmp_path / "bundle.pem"
    made.write_text(avisim.server.ca_pem)
    return made


@pytest.fixture
def seam(file: pathlib.Path) -> external.External:
    return external.External(cas=bundle.CaBundle(str(file)))


def put(file: pathlib.Path, text: str) -> None:
    file.write_text(text)


def credential(avisim: avisim_.RunningAvi, ca_pem: str = "") -> Credential:
    return Credential("admin", avisim.options.password, ca_pem)


def address(avisim: avisim_.RunningAvi) -> str:
    return f"127.0.0.1:{avisim.server.port}"


async def test_it_counts_where_the_credential_has_no_ca(
    controllers: Controllers, avisim: avisim_.RunningAvi, seam: external.External
) -> None:
    client = await controllers.client(address(avisim), credential(avisim), external=seam)
    assert await client.version() == "30.2.2"


async def test_the_ca_of_the_credential_counts_alone(
    controllers: Controllers, avisim: avisim_.RunningAvi, seam: external.External
) -> None:
    with pytest.raises(TlsError):
        await controllers.client(address(avisim), credential(avisim, OTHER), external=seam)


async def test_a_renewed_bundle_counts_for_the_next_login(
    controllers: Controllers,
    avisim: avisim_.RunningAvi,
    seam: external.External,
    file: pathlib.Path,
) -> None:
    put(file, OTHER)
    with pytest.raises(TlsError, match="caBundle"):
        await controllers.client(address(avisim), credential(avisim), external=seam)
    put(file, avisim.server.ca_pem)
    client = await controllers.client(address(avisim), credential(avisim), external=seam)
    assert await client.version() == "30.2.2"


async def test_a_session_whose_server_is_not_trusted_any_more_ends(
    controllers: Controllers,
    avisim: avisim_.RunningAvi,
    seam: external.External,
    file: pathlib.Path,
    tmp_path: pathlib.Path,
) -> None:
    """Its TLS would know the old CAs only."""
    who = credential(avisim)
    client = await controllers.client(address(avisim), who, external=seam)
    assert await client.version() == "30.2.2"
    folder = tmp_path / "other"
    folder.mkdir()
    with connect_proxy.running() as proxy, tls_server.running(folder) as other:
        proxy.routes[address(avisim)] = ("127.0.0.1", other.port)
        renewed = external.External(through=proxy.through(), cas=bundle.CaBundle(str(file)))
        client = await controllers.client(address(avisim), who, external=renewed)
        with pytest.raises(TlsError):
            await client.list("tenant", tenant="admin")
        put(file, other.ca_pem)
        with pytest.raises(AviError) as caught:
            await client.list("tenant", tenant="admin")
        assert not isinstance(caught.value, TlsError)
