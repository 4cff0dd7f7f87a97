"""The TLS of one vCenter: a CA, a pinned leaf, or the CAs of the system. Never without a check."""

from __future__ import annotations

import hashlib
import ssl
from typing import Final

from akoo_core.plugin import trust
from akoo_vsphere.client import errors
from akoo_vsphere.client.account import Account


def fingerprint(leaf: bytes) -> str:
    """SHA-256 of a certificate (DER), as OpenSSL prints it."""
    return hashlib.sha256(leaf).digest().hex(":").upper()


def context(account: Account) -> ssl.SSLContext:
    """A context for the CA of ``account``, or for the system's. Raises TlsError for a bad CA."""
    try:
        return trust.context(account.ca_pem or None, use="vcenter")
    except ValueError:
        raise errors.TlsError(
            f"The CA for {account.address} holds no certificate in PEM. Correct key "
            "certificateAuthorityData of the Secret that spec.caRef names."
        ) from None


def probing() -> ssl.SSLContext:
    """A context that takes any certificate: only to look at a leaf, and to send nothing then."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


def pinned(leaf: bytes) -> ssl.SSLContext:
    """A context that trusts this leaf alone. A pin names the certificate, so names do not count."""
    made = trust.context(ssl.DER_cert_to_PEM_cert(leaf), use="vcenter")
    made.check_hostname = False
    return made


def check_pin(leaf: bytes | None, account: Account) -> None:
    """Raise TlsError if ``leaf`` is not the pinned certificate. Needed for each connection."""
    if leaf is None or fingerprint(leaf) != account.thumbprint.upper():
        raise mismatch(account, leaf)


def mismatch(account: Account, leaf: bytes | None = None) -> errors.TlsError:
    """The error of a certificate that is not the pinned one."""
    presented = f" It presents {fingerprint(leaf)}." if leaf else ""
    return errors.TlsError(
        f"The certificate of {account.address} is not the one that spec.thumbprint names."
        f"{presented} No credential was sent. If the certificate was renewed, put its SHA-256 into "
        "spec.thumbprint; if not, another server answers there."
    )


def refused(error: ssl.SSLError, account: Account) -> errors.TlsError:
    """The error of a handshake that failed."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return errors.TlsError(
            f"{account.address} does not speak TLS as it should. Check address and port."
        )
    if account.thumbprint and error.verify_code not in _DATES:
        return mismatch(account)
    anchors = "the CA of spec.caRef" if account.ca_pem else trust.system_anchors()
    if account.thumbprint:
        anchors = "spec.thumbprint"
    return errors.TlsError(
        f"The certificate of {account.address} is not trusted: "
        f"{trust.advice(error, anchors=anchors)} No credential was sent."
    )


_DATES: Final = frozenset({9, 10})
"""OpenSSL's codes for a certificate that is not valid yet, or not any more."""
