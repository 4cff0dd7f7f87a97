"""Kubeconfig texts: everything inline, one cluster, one user, one context."""

import base64
import typing

import yaml

from akoo_testbed.trust import certificates


def with_certificate(server: str, ca_pem: str, client: certificates.KeyPair) -> str:
    """Kubeconfig of a user with a client certificate. `server` is an https URL."""
    user = {
        "client-certificate-data": _base64(client.certificate_pem),
        "client-key-data": _base64(client.key_pem),
    }
    return _text(server, ca_pem, user)


def with_token(server: str, ca_pem: str, token: str) -> str:
    """Kubeconfig of a bearer of a token, for example a ServiceAccount's."""
    return _text(server, ca_pem, {"token": token})


def _text(server: str, ca_pem: str, user: dict[str, typing.Any]) -> str:
    cluster = {"server": server, "certificate-authority-data": _base64(ca_pem)}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "testbed", "cluster": cluster}],
            "users": [{"name": "user", "user": user}],
            "contexts": [{"name": "testbed", "context": {"cluster": "testbed", "user": "user"}}],
            "current-context": "testbed",
        },
        sort_keys=False,
    )


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
