"""The ends of certificates: from PEM and from handshakes; the first of each use is the metric."""

from __future__ import annotations

import base64
import datetime
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from akoo_testbed.trust import chains
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import clock, external, trust
from akoo_core.kube import resource as resources
from akoo_core.kube import workloads
from akoo_core.objects import names
from akoo_core.plugin import trust as plugin_trust
from akoo_core.telemetry import certificates, metrics
from akoo_core.testing import memory

DAY = 86400.0
ROOT = chains.make("root", ca=True)
LEAF = ROOT.issue(chains.NAME)
LEAF_ENDS = LEAF.certificate.not_valid_after_utc.timestamp()
KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(ends: datetime.datetime) -> bytes:
    """A certificate in PEM."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x" * 60)])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(ends)
        .sign(KEY, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


def key() -> bytes:
    return KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def value(use: str) -> float | None:
    return metrics.REGISTRY.get_sample_value("akoo_certificate_expiry_seconds", {"use": use})


@pytest.fixture
def now() -> clock.ManualClock:
    return clock.ManualClock()


@pytest.fixture
def expiries(
    now: clock.ManualClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[certificates.Expiries]:
    """Those of this process, and nobody else's in the metric."""
    metrics.CERTIFICATE_EXPIRY.clear()
    made = certificates.Expiries(now)
    monkeypatch.setattr(certificates, "EXPIRIES", made)
    yield made
    metrics.CERTIFICATE_EXPIRY.clear()


@pytest.mark.parametrize("year", [2027, 2049, 2050, 9999])
def test_the_end_of_a_certificate(year: int) -> None:
    at = datetime.datetime(year, 2, 3, 4, 5, 6, tzinfo=datetime.UTC)
    later = certificate(datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC))
    assert trust.ends(b"text\n" + certificate(at) + later) == at.timestamp()


@given(st.binary(max_size=80))
def test_what_is_no_certificate_has_no_end(content: bytes) -> None:
    block = base64.b64encode(content)
    pem = b"-----BEGIN CERTIFICATE-----\n" + block + b"\n-----END CERTIFICATE-----\n"
    assert trust.ends(pem) is None
    assert trust.ends(content) is None


def test_a_certificate_that_is_cut_has_no_end() -> None:
    der = ssl.PEM_cert_to_DER_cert(LEAF.pem)
    for size in range(0, 120, 7):
        assert trust.ends(ssl.DER_cert_to_PEM_cert(der[:size])) is None


def test_a_handshake_in_memory_reports_the_servers_certificate() -> None:
    seen: list[tuple[str, float]] = []
    ours = trust.context(ROOT.pem, peer=lambda *row: seen.append(row))
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    waiting = [
        ours.wrap_bio(back, there, server_hostname=chains.NAME).do_handshake,
        chains.server_context(LEAF).wrap_bio(there, back, server_side=True).do_handshake,
    ]
    while waiting:
        step = waiting.pop(0)
        try:
            step()
        except ssl.SSLWantReadError:
            waiting.append(step)
    assert seen == [(chains.NAME, LEAF_ENDS)]


def connect(ours: ssl.SSLContext, shown: chains.Certificate) -> None:
    """A handshake over sockets. Raises SSLCertVerificationError."""
    near, far = socket.socketpair()

    def serve() -> None:
        try:
            with chains.server_context(shown).wrap_socket(far, server_side=True) as connection:
                connection.recv(1)
        except OSError:
            far.close()

    serving = threading.Thread(target=serve)
    serving.start()
    try:
        with ours.wrap_socket(near, server_hostname=chains.NAME):
            pass
    finally:
        near.close()
        serving.join()


def test_a_plugin_counts_the_servers_of_its_use(expiries: certificates.Expiries) -> None:
    connect(plugin_trust.context(ROOT.pem, use="vcenter"), LEAF)
    assert expiries.first("vcenter") == value("vcenter") == LEAF_ENDS
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(plugin_trust.context(ROOT.pem, use="vault"), chains.make(chains.NAME))
    connect(plugin_trust.context(ROOT.pem), LEAF)
    assert value("vault") is None
    expiries.forget("vcenter", chains.NAME)
    assert value("vcenter") is None


def test_the_first_of_a_use_counts_until_nobody_has_it(
    expiries: certificates.Expiries, now: clock.ManualClock
) -> None:
    expiries.note("avi", "a", 500 * DAY)
    expiries.note("avi", "b", 300 * DAY)
    assert value("avi") == 300 * DAY
    expiries.note("avi", "b", 900 * DAY)
    assert value("avi") == 500 * DAY
    now.advance(certificates.REMEMBERED_SECONDS - 1)
    expiries.note("avi", "b", 900 * DAY)
    assert value("avi") == 500 * DAY
    now.advance(1)
    assert value("avi") == 900 * DAY, "nobody connects to a any more"
    now.advance(certificates.REMEMBERED_SECONDS)
    assert value("avi") == float("inf")
    expiries.note("avi", "a", 400 * DAY)
    assert value("avi") == 400 * DAY
    expiries.forget("avi", "a")
    assert value("avi") is None
    expiries.forget("avi", "a")


def test_the_log_names_a_certificate_once(
    expiries: certificates.Expiries, now: clock.ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    soon = now.now().timestamp() + 13 * DAY
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            expiries.note("avi", "avi.example.com", soon)
            expiries.note("avi", "far.example.com", soon + 2 * DAY)
    assert caplog.messages == [
        "the certificate of avi.example.com (avi) ends at 2026-01-14 00:00 UTC: renew it"
    ]


def kubeconfig(user: dict[str, str]) -> dict[str, Any]:
    """The Secret of a Cluster."""
    fields = ", ".join(f"{name}: {text}" for name, text in user.items())
    text = (
        "{apiVersion: v1, kind: Config, current-context: c,"
        " contexts: [{name: c, context: {cluster: c, user: u}}],"
        ' clusters: [{name: c, cluster: {server: "https://shop.example:6443"}}],'
        f" users: [{{name: u, user: {{{fields}}}}}]}}"
    )
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": "demo", "name": names.kubeconfig_secret_name("shop")},
        "data": {"value": base64.b64encode(text.encode()).decode()},
    }


@pytest.mark.usefixtures("expiries")
async def test_the_client_certificate_of_a_kubeconfig_counts_while_it_is_used() -> None:
    at = datetime.datetime(2031, 1, 1, tzinfo=datetime.UTC)
    server = memory.MemoryServer()
    user = {
        "client-certificate-data": base64.b64encode(certificate(at)).decode(),
        "client-key-data": base64.b64encode(key()).decode(),
    }
    server.seed(kubeconfig(user))
    management = server.client()
    clients = workloads.WorkloadClients(
        management, external=external.External(), clock=clock.ManualClock()
    )
    await clients.client_for("demo", "shop", "uid-1")
    assert value("workload-client") == at.timestamp()
    for user_now, ends in (({"token": "a-token-of-nobody"}, None), (user, at.timestamp())):
        patch = {"data": kubeconfig(user_now)["data"]}
        name = names.kubeconfig_secret_name("shop")
        await management.merge_patch(resources.SECRETS, name, patch, "demo")
        await clients.client_for("demo", "shop", "uid-1")
        assert value("workload-client") == ends
    await clients.close()
    assert value("workload-client") is None
    await management.close()
