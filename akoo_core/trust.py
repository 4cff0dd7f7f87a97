"""Trust in servers: one set of rules for every TLS connection, on every supported Python.

The rules are those of Go's crypto/x509, which AKO, Cluster API and kubectl use on the same data:

- each configured certificate is an anchor: a root, an issuing CA, or the server's own;
- Authority and Subject Key Identifiers are not required;
- a name counts only as a subject alternative name. A common name does not.

Python's own defaults differ from release to release: since 3.13 it accepts partial chains and
requires key identifiers, before it did neither.
"""

from __future__ import annotations

import binascii
import contextlib
import datetime
import re
import ssl
from collections.abc import Callable, Iterator

_BLOCK = re.compile(
    r"-----BEGIN (|X509 )CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END \1CERTIFICATE-----", re.ASCII
)


Peer = Callable[[str, float], None]
"""Takes the name of a server and the Unix time at which its certificate ends. Called in the thread
of the handshake; raises nothing."""


class _Context(ssl.SSLContext):
    """A context that reports the certificate of each server that it trusted."""

    peer: Peer | None = None


class _Socket(ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:
        super().do_handshake(block)
        _report(self)


class _Object(ssl.SSLObject):
    def do_handshake(self) -> None:
        super().do_handshake()
        _report(self)


def _report(connection: ssl.SSLSocket | ssl.SSLObject) -> None:
    """Report the server's certificate. One that was not verified has no end."""
    peer = getattr(connection.context, "peer", None)
    seen = connection.getpeercert() if peer is not None else None
    ends = seen.get("notAfter") if seen else None
    if peer is None or not isinstance(ends, str):
        return
    with contextlib.suppress(ValueError, OverflowError):
        peer(str(connection.server_hostname or ""), float(ssl.cert_time_to_seconds(ends)))


def context(
    ca: bytes | str | None, *, also: bytes | None = None, peer: Peer | None = None
) -> ssl.SSLContext:
    """A client's context that trusts the certificates in ``ca`` (PEM), and nobody else.

    ``also`` (PEM) adds to the system's CAs, and has no effect beside ``ca``. ``peer`` is called
    after each handshake that it trusted.

    Text around the PEM blocks is ignored, also between them; so is a block that holds no
    certificate. None: the system's CAs, which takes 17 ms to read.
    Raises ValueError when ``ca`` holds no certificate.
    """
    made = _Context(ssl.PROTOCOL_TLS_CLIENT)
    made.peer = peer
    made.sslsocket_class, made.sslobject_class = _Socket, _Object
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    made.verify_flags &= ~ssl.VERIFY_X509_STRICT
    made.hostname_checks_common_name = False
    if ca is None:
        made.load_default_certs(ssl.Purpose.SERVER_AUTH)
        if also is not None:
            _load(made, also)
    else:
        _load(made, ca)
    return made


def check(ca: bytes | str) -> None:
    """Raise ValueError when ``ca`` holds no certificate in PEM."""
    _load(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ca)


def _load(made: ssl.SSLContext, ca: bytes | str) -> None:
    loaded = 0
    for certificate in _certificates(ca):
        try:
            made.load_verify_locations(cadata=certificate)
        except ssl.SSLError:
            continue
        loaded += 1
    if not loaded:
        raise ValueError("there is no certificate in PEM")


def _certificates(ca: bytes | str) -> Iterator[bytes]:
    """The DER of each block. OpenSSL would want ASCII, and lines of a certain length."""
    text = ca.decode("utf-8", "replace") if isinstance(ca, bytes) else ca
    for block in _BLOCK.finditer(text):
        try:
            yield binascii.a2b_base64(block[2])
        except binascii.Error:
            continue


def ends(pem: bytes | str) -> float | None:
    """The Unix time at which the first certificate in ``pem`` ends; None for one that cannot be
    read. A chain begins with the certificate of its owner."""
    for certificate in _certificates(pem):
        try:
            return _not_after(certificate)
        except (IndexError, ValueError):
            return None
    return None


# A certificate is a sequence of (to be signed, algorithm, signature), and the first of them one of
# ([version], serial number, algorithm, issuer, (not before, not after), ...): RFC 5280, 4.1.

_VERSION, _UTC_TIME = 0xA0, 0x17


def _not_after(der: bytes) -> float:
    signed = _parts(_parts(der)[0][1])[0][1]
    fields = _parts(signed)
    validity = fields[4 if fields[0][0] == _VERSION else 3]
    tag, text = _parts(validity[1])[1]
    form = "%y%m%d%H%M%SZ" if tag == _UTC_TIME else "%Y%m%d%H%M%SZ"
    at = datetime.datetime.strptime(text.decode("ascii"), form).replace(tzinfo=datetime.UTC)
    return at.timestamp()


def _parts(content: bytes) -> list[tuple[int, bytes]]:
    """Tag and content of each value in DER. Raises IndexError or ValueError."""
    parts: list[tuple[int, bytes]] = []
    at = 0
    while at < len(content):
        tag, length, at = content[at], content[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(content[at : at + size], "big"), at + size
        if at + length > len(content):
            raise ValueError("it ends too early")
        parts.append((tag, content[at : at + length]))
        at += length
    return parts


# What to do about a certificate that is not trusted. Codes are OpenSSL's X509_V_ERR_*.

_NO_ANCHOR = frozenset({2, 7, 18, 19, 20, 21, 24, 27, 79})
_DATES = frozenset({9, 10})
_NAMES = frozenset({62, 63, 64})


def advice(error: ssl.SSLCertVerificationError, *, anchors: str) -> str:
    """Sentences that say why a certificate is not trusted, and what to do.

    ``anchors`` names where the trusted certificates come from. Holds nothing that the server sent.
    """
    reason = error.verify_message.rstrip(".")
    match error.verify_code:
        case code if code in _NAMES:
            return (
                f"{reason}. Give an address that is among the certificate's subject alternative "
                "names (a common name does not count), or issue one with this address."
            )
        case code if code in _DATES:
            return f"{reason}. Renew it on the server, and check the clocks of both sides."
        case code if code in _NO_ANCHOR:
            return (
                f"{reason}: no certificate in {anchors} vouches for it. Put the CA that issued "
                "it, the root, or that certificate itself there; or correct the address, if "
                "another server answers."
            )
    return f"{reason}. Replace the certificate on the server, or check {anchors}."
