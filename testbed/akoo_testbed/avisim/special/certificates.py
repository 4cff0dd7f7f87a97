"""Certificates are read when they come: subject, issuer and validity are the controller's own."""

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import oid

from akoo_testbed.avisim.objects import rules, schema, store
from akoo_testbed.avisim.requests import context, problems


class CertificateRule(rules.Rule):
    """Refuses what cannot be read, as real controllers do."""

    def prepare(
        self, ctx: context.Context, data: schema.Json, old: store.Stored | None, body: schema.Json
    ) -> None:
        text = data["certificate"].get("certificate", "")
        if not text:
            return
        try:
            data["certificate"] = {**data["certificate"], **described(text)}
        except ValueError as error:
            if ctx.state.switches["bad-certificate"] == "refuse":
                raise problems.RefusedError(
                    500, f"Import error: no common_name can be read: {error}"
                ) from None


def described(text: str) -> schema.Json:
    """The fields that the controller reads in a PEM certificate. Raises ValueError."""
    parsed = x509.load_pem_x509_certificate(text.encode())
    return {
        "subject": _name(parsed.subject),
        "issuer": _name(parsed.issuer),
        "not_before": parsed.not_valid_before_utc.strftime("%Y-%m-%d %H:%M:%S"),
        "not_after": parsed.not_valid_after_utc.strftime("%Y-%m-%d %H:%M:%S"),
        "serial_number": str(parsed.serial_number),
        "self_signed": parsed.subject == parsed.issuer,
        "signature_algorithm": _ALGORITHMS.get(
            parsed.signature_algorithm_oid, parsed.signature_algorithm_oid.dotted_string
        ),
        "public_key": _public_key(parsed),
        "key_params": _key_params(parsed),
    }


_ALGORITHMS = {
    oid.SignatureAlgorithmOID.RSA_WITH_SHA256: "sha256WithRSAEncryption",
    oid.SignatureAlgorithmOID.RSA_WITH_SHA384: "sha384WithRSAEncryption",
    oid.SignatureAlgorithmOID.RSA_WITH_SHA512: "sha512WithRSAEncryption",
    oid.SignatureAlgorithmOID.ECDSA_WITH_SHA256: "ecdsa-with-SHA256",
    oid.SignatureAlgorithmOID.ECDSA_WITH_SHA384: "ecdsa-with-SHA384",
}
"""Names as OpenSSL writes them, which are those of a controller."""


def _public_key(certificate: x509.Certificate) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return certificate.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def _key_params(certificate: x509.Certificate) -> schema.Json:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        numbers = {"exponent": key.public_numbers().e, "key_size": f"SSL_KEY_{key.key_size}_BITS"}
        return {"algorithm": "SSL_KEY_ALGORITHM_RSA", "rsa_params": numbers}
    if isinstance(key, ec.EllipticCurvePublicKey):
        curve = f"SSL_KEY_EC_CURVE_{key.curve.name.upper()}"
        return {"algorithm": "SSL_KEY_ALGORITHM_EC", "ec_params": {"curve": curve}}
    return {}


def _name(name: x509.Name) -> schema.Json:
    """Common name, and the distinguished name in the order of the certificate (C, ST, ... CN)."""
    attributes = name.get_attributes_for_oid(oid.NameOID.COMMON_NAME)
    common = {"common_name": str(attributes[0].value)} if attributes else {}
    parts = (part.rfc4514_string() for part in name.rdns)
    return {**common, "distinguished_name": ", ".join(parts)}
