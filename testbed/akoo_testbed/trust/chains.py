"""Certificate chains as they are met in the field: what a server shows, and what a client is given.

The kinds differ in what stands in a CA file, and in the extensions that older CAs leave out. The
bed's other certificates are trustme's: it always writes those extensions, and no CN for a CA.
"""

import dataclasses
import datetime
import ipaddress
import ssl
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from akoo_testbed.trust import certificates

HOST = "127.0.0.1"
NAME = "avi.example.com"
_NOW = datetime.datetime.now(datetime.UTC)


@dataclasses.dataclass(frozen=True)
class Certificate:
    """A certificate with its key. ``bare``: without key identifiers, as older CAs make them."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    bare: bool

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(
        self, name: str, *, ca: bool = False, san: bool = True, days: int = 30
    ) -> "Certificate":
        """A certificate that this one signs."""
        return make(name, ca=ca, san=san, bare=self.bare, issuer=self, days=days)


def make(
    name: str,
    *,
    ca: bool = False,
    san: bool = True,
    bare: bool = False,
    issuer: Certificate | None = None,
    days: int = 30,
) -> Certificate:
    """A certificate; self-signed without ``issuer``. ``san``: a server's names stand in it.

    It is valid from 60 days ago until in ``days``.
    """
    key = certificates.new_key()
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOW - datetime.timedelta(days=60))
        .not_valid_after(_NOW + datetime.timedelta(days=days))
    )
    if ca:
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        builder = builder.add_extension(constraints, critical=not bare)
    elif san:
        names = [x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address(HOST))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    signer = issuer.key if issuer else key
    if not bare:
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(own, critical=False).add_extension(above, critical=False)
    return Certificate(builder.sign(signer, hashes.SHA256()), key, bare)


def server_context(*shown: Certificate) -> ssl.SSLContext:
    """The context of a server that shows these, its own certificate first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(
            certificates.key_pem(shown[0].key) + "".join(certificate.pem for certificate in shown)
        )
        file.flush()
        context.load_cert_chain(file.name)
    return context
