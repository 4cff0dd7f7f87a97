"""Certificates are read when they come: subject, issuer and validity are the controller's own."""

from cryptography import x509
from cryptography.x509 import oid

from akoo_testbed.avisim import context, problems, rules, schema, store


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
    """What the controller reads in a PEM certificate. Raises ValueError."""
    parsed = x509.load_pem_x509_certificate(text.encode())
    return {
        "subject": _name(parsed.subject),
        "issuer": _name(parsed.issuer),
        "not_before": parsed.not_valid_before_utc.strftime("%Y-%m-%d %H:%M:%S"),
        "not_after": parsed.not_valid_after_utc.strftime("%Y-%m-%d %H:%M:%S"),
        "serial_number": str(parsed.serial_number),
        "self_signed": parsed.subject == parsed.issuer,
    }


def _name(name: x509.Name) -> schema.Json:
    found = name.get_attributes_for_oid(oid.NameOID.COMMON_NAME)
    common = {"common_name": str(found[0].value)} if found else {}
    return {**common, "distinguished_name": name.rfc4514_string()}
