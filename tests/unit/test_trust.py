"""Trust in servers: the same for the Avi client, the management and a workload cluster."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import NamedTuple

import pytest
from akoo_avi.client import Credential, errors, session
from akoo_testbed.trust import chains
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import trust
from akoo_core.kube.access import kubeconfig, tls

Made = Callable[[str], ssl.SSLContext]


def of_avi(ca: str) -> ssl.SSLContext:
    return session._trusting(Credential("admin", "x", ca), "avi")


def of_management(ca: str) -> ssl.SSLContext:
    return tls.client_context(ca=ca.encode())


def of_workload(ca: str) -> ssl.SSLContext:
    made = kubeconfig.WorkloadEndpoint(server="https://x", ca=ca.encode()).open().tls
    assert made is not None
    return made


CLIENTS: dict[str, Made] = {
    "avi": of_avi,
    "management": of_management,
    "workload": of_workload,
}


def handshake(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> None:
    """A TLS handshake in memory. Raises SSLCertVerificationError when the client refuses."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(back, there, server_hostname=name)
    theirs = server.wrap_bio(there, back, server_side=True)
    waiting = [ours.do_handshake, theirs.do_handshake]
    while waiting:
        step = waiting.pop(0)
        try:
            step()
        except ssl.SSLWantReadError:
            waiting.append(step)


class World(NamedTuple):
    """A root, an issuing CA, and a server with a certificate of it."""

    root: chains.Certificate
    issuing: chains.Certificate
    leaf: chains.Certificate
    alone: chains.Certificate
    """Self-signed, as a controller makes it for its portal."""
    nameless: chains.Certificate
    """With a common name alone."""
    expired: chains.Certificate


def world(*, bare: bool) -> World:
    root = chains.make("root", ca=True, bare=bare)
    issuing = root.issue("issuing", ca=True)
    return World(
        root=root,
        issuing=issuing,
        leaf=issuing.issue(chains.NAME),
        alone=chains.make(chains.NAME, bare=bare),
        nameless=issuing.issue(chains.NAME, san=False),
        expired=issuing.issue(chains.NAME, days=-1),
    )


WORLDS = {bare: world(bare=bare) for bare in (False, True)}
OTHER = chains.make("another root", ca=True).pem
NAMESAKE = chains.make("root", ca=True).pem
"""A renewed CA has the name of the one before it."""

TRUSTED: dict[str, Callable[[World], tuple[str, tuple[chains.Certificate, ...]]]] = {
    "the root": lambda w: (w.root.pem, (w.leaf, w.issuing)),
    "only the issuing CA": lambda w: (w.issuing.pem, (w.leaf, w.issuing)),
    "the issuing CA, server shows its leaf alone": lambda w: (w.issuing.pem, (w.leaf,)),
    "both, server shows its leaf alone": lambda w: (w.root.pem + w.issuing.pem, (w.leaf,)),
    "the self-signed leaf": lambda w: (w.alone.pem, (w.alone,)),
    "the leaf that a CA signed": lambda w: (w.leaf.pem, (w.leaf, w.issuing)),
    "the leaf alone on both sides": lambda w: (w.leaf.pem, (w.leaf,)),
    "one among others": lambda w: (OTHER + w.issuing.pem + OTHER, (w.leaf, w.issuing)),
    "text around": lambda w: (
        f"\ufeff# Zürich\n{OTHER}subject=/CN=x\n{w.root.pem}-- end --\n",
        (w.leaf, w.issuing),
    ),
    "CRLF": lambda w: (w.root.pem.replace("\n", "\r\n"), (w.leaf, w.issuing)),
    "indented": lambda w: ("  " + w.root.pem.replace("\n", "\n  "), (w.leaf, w.issuing)),
    "one line": lambda w: (one_line(w.root.pem), (w.leaf, w.issuing)),
    "a broken block beside it": lambda w: (
        f"{w.root.pem[:100]}\n-----END CERTIFICATE-----\n{w.root.pem}",
        (w.leaf, w.issuing),
    ),
}
REFUSED: dict[str, Callable[[World], tuple[str, tuple[chains.Certificate, ...]]]] = {
    "another CA": lambda w: (OTHER, (w.leaf, w.issuing)),
    "another CA of the same name": lambda w: (NAMESAKE, (w.leaf, w.issuing)),
    "the root, server shows its leaf alone": lambda w: (w.root.pem, (w.leaf,)),
    "another self-signed leaf": lambda w: (chains.make(chains.NAME).pem, (w.alone,)),
}


def one_line(pem: str) -> str:
    head, *body, tail = pem.strip().split("\n")
    return head + "".join(body) + tail


@pytest.mark.parametrize("bare", [False, True], ids=["", "no key identifiers"])
@pytest.mark.parametrize("kind", TRUSTED)
@pytest.mark.parametrize("client", CLIENTS)
def test_each_given_certificate_is_an_anchor(client: str, kind: str, bare: bool) -> None:
    ca, shown = TRUSTED[kind](WORLDS[bare])
    server = chains.server_context(*shown)
    for name in (chains.NAME, chains.HOST):
        handshake(CLIENTS[client](ca), server, name)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_ca_and_the_one_that_it_replaces_may_stand_side_by_side(client: str) -> None:
    """By their key identifiers; without these OpenSSL, unlike Go, tries one of them only."""
    made = WORLDS[False]
    for ca in (NAMESAKE + made.root.pem, made.root.pem + NAMESAKE):
        server = chains.server_context(made.leaf, made.issuing)
        handshake(CLIENTS[client](ca), server, chains.NAME)


@pytest.mark.parametrize("bare", [False, True], ids=["", "no key identifiers"])
@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("client", CLIENTS)
def test_nobody_else_is(client: str, kind: str, bare: bool) -> None:
    ca, shown = REFUSED[kind](WORLDS[bare])
    with pytest.raises(ssl.SSLCertVerificationError) as it:
        handshake(CLIENTS[client](ca), chains.server_context(*shown), chains.NAME)
    advice = trust.advice(it.value, anchors="key ca of Secret a/b")
    assert "no certificate in key ca of Secret a/b vouches for it. Put the CA" in advice


@pytest.mark.parametrize("client", CLIENTS)
def test_a_common_name_does_not_count(client: str) -> None:
    made = WORLDS[False]
    for ca in (made.root.pem, made.nameless.pem):
        server = chains.server_context(made.nameless, made.issuing)
        with pytest.raises(ssl.SSLCertVerificationError) as it:
            handshake(CLIENTS[client](ca), server, chains.NAME)
        assert "(a common name does not count)" in trust.advice(it.value, anchors="x")


@pytest.mark.parametrize("client", CLIENTS)
def test_neither_does_another_name(client: str) -> None:
    made = WORLDS[False]
    server = chains.server_context(made.leaf, made.issuing)
    with pytest.raises(ssl.SSLCertVerificationError) as it:
        handshake(CLIENTS[client](made.leaf.pem), server, "other.example.com")
    assert "Give an address that is among" in trust.advice(it.value, anchors="x")


@pytest.mark.parametrize("client", CLIENTS)
def test_a_certificate_that_ran_out(client: str) -> None:
    made = WORLDS[False]
    server = chains.server_context(made.expired, made.issuing)
    with pytest.raises(ssl.SSLCertVerificationError) as it:
        handshake(CLIENTS[client](made.root.pem), server, chains.NAME)
    advice = trust.advice(it.value, anchors="key ca of Secret a/b")
    assert "expired. Renew it on the server" in advice
    assert "Secret" not in advice


@pytest.mark.parametrize("client", CLIENTS)
def test_the_rules_are_set_and_not_left_to_python(client: str) -> None:
    context = CLIENTS[client](OTHER)
    assert context.verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT
    assert not context.hostname_checks_common_name
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_the_same_rules_hold_for_the_systems_cas() -> None:
    context = trust.context(None)
    assert context.verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT
    assert not context.hostname_checks_common_name


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "nonsense",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        OTHER[:99],
    ],
    ids=["empty", "blank", "text", "no certificate inside", "cut off"],
)
def test_what_holds_no_certificate(text: str) -> None:
    with pytest.raises(ValueError, match="no certificate in PEM"):
        trust.context(text)


def test_the_avi_client_names_the_secret_of_such_a_ca() -> None:
    with pytest.raises(errors.TlsError, match=r"holds no certificate in PEM\. Check key"):
        of_avi("nonsense")


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_whatever_stands_around_a_certificate_changes_nothing(before: bytes, after: bytes) -> None:
    context = trust.context(before + b"\n" + OTHER.encode() + after)
    assert context.cert_store_stats()["x509"] == 1
