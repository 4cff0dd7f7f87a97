"""Certificates and keys of one test bed: made anew each time, worth nothing elsewhere.

Elliptic curve keys throughout: a key costs microseconds where RSA costs a tenth of a second.
"""

import dataclasses
import datetime
import ipaddress
import os
import pathlib
import typing
from collections.abc import Sequence

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

    def __init__(self, common_name: str = "akoo-testbed") -> None:
        self._key = new_key()
        self._name = _name(common_name, ())
        usage = _key_usage(key_cert_sign=True, crl_sign=True, digital_signature=True)
        self._certificate = (
            _builder(self._name, self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def pem(self) -> str:
        """The authority's certificate."""
        return _pem(self._certificate)

    def server(
        self, names: Sequence[str] = SERVER_NAMES, addresses: Sequence[str] = SERVER_ADDRESSES
    ) -> KeyPair:
        """A certificate for a TLS server under these DNS names and IP addresses."""
        alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
        alternatives += [x509.IPAddress(ipaddress.ip_address(each)) for each in addresses]
        return self._sign(
            _name(names[0], ()),
            [
                (x509.SubjectAlternativeName(alternatives), False),
                (x509.ExtendedKeyUsage([oid.ExtendedKeyUsageOID.SERVER_AUTH]), False),
            ],
        )

    def client(self, user: str, groups: Sequence[str] = ()) -> KeyPair:
        """A client certificate; Kubernetes takes user from CN and groups from O."""
        usage = x509.ExtendedKeyUsage([oid.ExtendedKeyUsageOID.CLIENT_AUTH])
        return self._sign(_name(user, groups), [(usage, False)])

    def _sign(
        self, subject: x509.Name, extensions: Sequence[tuple[x509.ExtensionType, bool]]
    ) -> KeyPair:
        key = new_key()
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = _builder(subject, self._name, key).add_extension(issuer, critical=False)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        builder = builder.add_extension(_key_usage(digital_signature=True), critical=True)
        return KeyPair(_pem(builder.sign(self._key, hashes.SHA256())), key_pem(key))


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


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common_name: str, organizations: Sequence[str]) -> x509.Name:
    attributes = [x509.NameAttribute(oid.NameOID.ORGANIZATION_NAME, o) for o in organizations]
    return x509.Name([*attributes, x509.NameAttribute(oid.NameOID.COMMON_NAME, common_name)])


def _key_usage(**true: bool) -> x509.KeyUsage:
    names = {
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    }
    return x509.KeyUsage(**typing.cast("dict[str, typing.Any]", dict.fromkeys(names, False) | true))


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
