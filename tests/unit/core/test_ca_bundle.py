"""The CAs of the setting caBundle: read, renewed, refused, and in force within a call."""

from __future__ import annotations

import pathlib
import ssl
from typing import Any

import pytest
from akoo_testbed import certificates

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


def names(context: ssl.SSLContext) -> set[str]:
    """The common names of the trusted CAs."""
    cas: list[dict[str, Any]] = context.get_ca_certs()
    subjects = [dict(pair for (pair,) in ca["subject"]) for ca in cas]
    return {subject["commonName"] for subject in subjects}


def name(pem: str) -> str:
    (only,) = names(trust.context(pem))
    return only


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
        assert names(plugin_trust.context(None)) == {name(SYSTEM), name(FIRST)}
        assert names(plugin_trust.context(SECOND)) == {name(SECOND)}
        assert plugin_trust.system_anchors() == (f"the CAs of the system and of caBundle ({file})")
    assert names(plugin_trust.context(None)) == {name(SYSTEM)}
    async with external.External().call("avi", "GET x", write=False):
        assert names(plugin_trust.context(None)) == {name(SYSTEM)}
        assert plugin_trust.system_anchors() == "the CAs of the system"
