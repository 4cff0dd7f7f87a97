"""Certificates as Kubernetes reads them, and kubeconfigs around them."""

import base64
import pathlib
import stat

import pytest
import yaml
from akoo_testbed.kube import kubeconfig
from akoo_testbed.trust import certificates
from cryptography import x509
from cryptography.x509 import oid


@pytest.fixture(scope="module")
def authority() -> certificates.Authority:
    return certificates.Authority()


def parsed(pair: certificates.KeyPair) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pair.certificate_pem.encode())


def test_a_client_is_who_cn_and_o_say(authority: certificates.Authority) -> None:
    subject = parsed(authority.client("alice", ["devs", "ops"])).subject
    assert subject.get_attributes_for_oid(oid.NameOID.COMMON_NAME)[0].value == "alice"
    groups = subject.get_attributes_for_oid(oid.NameOID.ORGANIZATION_NAME)
    assert [group.value for group in groups] == ["devs", "ops"]


def test_a_server_answers_on_the_loopback_only(authority: certificates.Authority) -> None:
    certificate = parsed(authority.server())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "10.0.0.1"]
    assert "kubernetes.default.svc" in names.get_values_for_type(x509.DNSName)
    ca = x509.load_pem_x509_certificate(authority.pem.encode())
    certificate.verify_directly_issued_by(ca)


def test_keys_are_for_the_owner_only_and_never_in_a_repr(
    authority: certificates.Authority, tmp_path: pathlib.Path
) -> None:
    pair = authority.client("alice")
    for path in pair.write(tmp_path, "alice"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "PRIVATE" not in repr(pair)


def test_kubeconfigs(authority: certificates.Authority) -> None:
    pair = authority.client("alice")
    config = yaml.safe_load(kubeconfig.with_certificate("https://x", authority.pem, pair))
    user, cluster = config["users"][0]["user"], config["clusters"][0]["cluster"]
    assert base64.b64decode(user["client-key-data"]).decode() == pair.key_pem
    assert base64.b64decode(cluster["certificate-authority-data"]).decode() == authority.pem
    token = yaml.safe_load(kubeconfig.with_token("https://x", authority.pem, "t"))
    assert token["users"][0]["user"] == {"token": "t"}
    assert token["current-context"] == token["contexts"][0]["name"]


def test_a_client_without_groups_has_no_other_name(authority: certificates.Authority) -> None:
    """An O that nobody asked for would be a group in Kubernetes."""
    subject = parsed(authority.client("alice")).subject
    assert [(name.oid, name.value) for name in subject] == [(oid.NameOID.COMMON_NAME, "alice")]


def test_everything_ends_within_the_year(authority: certificates.Authority) -> None:
    for pair in (authority.server(), authority.client("alice")):
        certificate = parsed(pair)
        assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days == 365
        certificate.verify_directly_issued_by(
            x509.load_pem_x509_certificate(authority.pem.encode())
        )
