"""The CAs of the setting caBundle: read, renewed, refused, and in force within a call."""

from __future__ import annotations

import pathlib
import ssl

import pytest
from akoo_testbed.trust import certificates

from akoo_core import errors, external, settings, trust
from akoo_core.app import assembly
from akoo_core.outside.bundle import CaBundle
from akoo_core.plugin import trust as plugin_trust

FIRST, SECOND, SYSTEM = (certificates.Authority(name).pem for name in ("a", "b", "system"))


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    made = tmp_path / "ca.crt"
    made.write_text(FIRST)
    return made


@pytest.fixture
def system(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system trusts one CA."""
    store = tmp_path / "system.pem"
    store.write_text(SYSTEM)
    monkeypatch.setenv("SSL_CERT_FILE", str(store))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "nothing"))


def trusted(context: ssl.SSLContext) -> set[bytes]:
    """The CAs of a context (DER)."""
    return set(context.get_ca_certs(binary_form=True))


def der(*pems: str) -> set[bytes]:
    return {ssl.PEM_cert_to_DER_cert(pem) for pem in pems}


def test_a_change_counts_and_a_broken_file_does_not(
    file: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = CaBundle(str(file))
    assert bundle.pem() == FIRST.encode()
    file.write_text(f"# text\n{FIRST}\n{SECOND}")
    both = bundle.pem()
    assert SECOND.encode() in both
    file.write_text("half of a certifi")
    assert [bundle.pem(), bundle.pem()] == [both, both]
    file.unlink()
    assert bundle.pem() == both
    assert caplog.messages == [
        f"caBundle: {file} holds no certificate in PEM; its last content counts",
        f"caBundle: {file} cannot be read (No such file or directory); its last content counts",
    ]
    file.write_text(SECOND)
    assert bundle.pem() == SECOND.encode()


@pytest.mark.parametrize(
    ("text", "problem"),
    [(None, "cannot be read"), ("", "holds no certificate"), ("x", "holds no certificate")],
)
def test_a_file_that_cannot_be_used_ends_the_start(
    text: str | None, problem: str, file: pathlib.Path
) -> None:
    file.unlink()
    if text is not None:
        file.write_text(text)
    with pytest.raises(errors.InputError, match=f"^caBundle: {file} {problem}"):
        assembly.seam(settings.Settings(ca_bundle=str(file)), environ={})


@pytest.mark.usefixtures("system")
async def test_it_adds_to_the_cas_of_the_system_within_a_call(file: pathlib.Path) -> None:
    seam = assembly.seam(settings.Settings(ca_bundle=str(file)), environ={})
    async with seam.call("avi", "GET x", write=False):
        assert trusted(plugin_trust.context(None)) == der(SYSTEM, FIRST)
        assert trusted(plugin_trust.context(SECOND)) == der(SECOND)
        assert trusted(trust.context(SECOND, also=FIRST.encode())) == der(SECOND)
        assert plugin_trust.system_anchors() == (f"the CAs of the system and of caBundle ({file})")
    assert trusted(plugin_trust.context(None)) == der(SYSTEM)
    async with external.External().call("avi", "GET x", write=False):
        assert trusted(plugin_trust.context(None)) == der(SYSTEM)
        assert plugin_trust.system_anchors() == "the CAs of the system"
