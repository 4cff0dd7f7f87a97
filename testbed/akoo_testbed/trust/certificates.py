"""Certificates and keys of one test bed: made anew each time, worth nothing elsewhere.

The authority and the certificates of servers are trustme's. Certificates of clients are not: it
writes one O, and an O and an OU of its own where none is given, but Kubernetes takes each O for a
group. Elliptic curve keys throughout: a key costs microseconds where RSA costs a tenth of a second.
"""

import dataclasses
import datetime
import os
import pathlib
import typing
from collections.abc import Sequence

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import oid

VALID_DAYS = 365
SERVER_ADDRESSES = ("127.0.0.1", "10.0.0.1")
SERVER_NAMES = ("localhost", "kubernetes", "kubernetes.default.svc")
ADMIN_GROUP = "system:masters"


@dataclasses.dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and its private key, as PEM."""

    certificate_pem: str
    key_pem: str = dataclasses.field(repr=False)

    def write(self, folder: pathlib.Path, name: str) -> tuple[pathlib.Path, pathlib.Path]:
        """Write `name`.crt and `name`.key, readable by the owner only; their paths."""
        paths = (folder / f"{name}.crt", folder / f"{name}.key")
        for path, text in zip(paths, (self.certificate_pem, self.key_pem), strict=True):
            write_private(path, text)
        return paths


class Authority:
    """A certificate authority that signs for servers and clients."""

    def __init__(self, name: str = "akoo-testbed") -> None:
        self._ca = trustme.CA(organization_name="akoo-testbed", organization_unit_name=name)

    @property
    def pem(self) -> str:
        """The authority's certificate."""
        return self._ca.cert_pem.bytes().decode()

    def server(
        self, names: Sequence[str] = SERVER_NAMES, addresses: Sequence[str] = SERVER_ADDRESSES
    ) -> KeyPair:
        """A certificate for a TLS server under these DNS names and IP addresses."""
        since, until = _validity()
        leaf = self._ca.issue_cert(
            *names, *addresses, common_name=names[0], not_before=since, not_after=until
        )
        pem = leaf.cert_chain_pems[0].bytes().decode()
        return KeyPair(pem, leaf.private_key_pem.bytes().decode())

    def client(self, user: str, groups: Sequence[str] = ()) -> KeyPair:
        """A client certificate; Kubernetes takes user from CN and groups from O."""
        key, (since, until) = new_key(), _validity()
        names = [(oid.NameOID.ORGANIZATION_NAME, group) for group in groups]
        names.append((oid.NameOID.COMMON_NAME, user))
        issuer = x509.load_pem_x509_certificate(self._ca.cert_pem.bytes()).subject
        signer = serialization.load_pem_private_key(self._ca.private_key_pem.bytes(), None)
        usage = x509.ExtendedKeyUsage([oid.ExtendedKeyUsageOID.CLIENT_AUTH])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(*name) for name in names]))
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(until)
            .add_extension(usage, critical=False)
            .sign(typing.cast("ec.EllipticCurvePrivateKey", signer), hashes.SHA256())
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
        return KeyPair(pem, key_pem(key))


def new_key() -> ec.EllipticCurvePrivateKey:
    """A new P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    """Unencrypted PEM in the form that Go and OpenSSL both read for TLS and for tokens."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()


def public_pem(key: ec.EllipticCurvePrivateKey) -> str:
    """The public half of a key."""
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def write_private(path: pathlib.Path, text: str) -> pathlib.Path:
    """Write a file that only its owner may read, replacing what was there at once."""
    unfinished = path.with_name(f".{path.name}.new")
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123
        file.write(text)
    return unfinished.replace(path)


def _validity() -> tuple[datetime.datetime, datetime.datetime]:
    now = datetime.datetime.now(datetime.UTC)
    return now - datetime.timedelta(hours=1), now + datetime.timedelta(days=VALID_DAYS)
