"""What a kubeconfig of a workload cluster may say, and what it must not."""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from akoo_core.kube import errors, kubeconfig

PEM = base64.b64encode(
    b"-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n"
).decode()
GOOD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "admin@shop",
    "contexts": [{"name": "admin@shop", "context": {"cluster": "shop", "user": "admin"}}],
    "clusters": [
        {
            "name": "shop",
            "cluster": {"server": "https://10.0.0.1:6443/", "certificate-authority-data": PEM},
        }
    ],
    "users": [
        {"name": "admin", "user": {"client-certificate-data": PEM, "client-key-data": PEM}},
    ],
}


def text(change: Callable[[dict[str, Any], dict[str, Any]], object] | None = None) -> bytes:
    config = copy.deepcopy(GOOD)
    if change:
        change(config["clusters"][0]["cluster"], config["users"][0]["user"])
    return yaml.safe_dump(config).encode()


def test_what_cluster_api_writes() -> None:
    found = kubeconfig.parse(text())
    assert found.server == "https://10.0.0.1:6443"
    assert found.client_key == base64.b64decode(PEM)
    assert "hunter2" not in repr(found).replace(repr(found.ca), "")


def test_a_token() -> None:
    def change(_: Any, user: Any) -> None:
        user.clear()
        user["token"] = "hunter2\n"

    found = kubeconfig.parse(text(change))
    assert found.token == "hunter2"
    assert "hunter2" not in repr(found).replace(repr(found.ca), "")


REFUSED: dict[str, tuple[Callable[[dict[str, Any], dict[str, Any]], object], str]] = {
    "exec": (
        lambda c, u: u.update({"exec": {"command": "hunter2"}}),
        "KubeconfigExecRefused",
    ),
    "empty exec": (lambda c, u: u.update({"exec": None}), "KubeconfigExecRefused"),
    "auth-provider": (
        lambda c, u: u.update({"auth-provider": {"name": "hunter2"}}),
        "KubeconfigAuthProviderRefused",
    ),
    "tokenFile": (lambda c, u: u.update({"tokenFile": "/hunter2"}), "KubeconfigFileRefused"),
    "key file": (lambda c, u: u.update({"client-key": "/hunter2"}), "KubeconfigFileRefused"),
    "cert file": (
        lambda c, u: u.update({"client-certificate": "/hunter2"}),
        "KubeconfigFileRefused",
    ),
    "CA file": (
        lambda c, u: c.update({"certificate-authority": "/hunter2"}),
        "KubeconfigFileRefused",
    ),
    "insecure": (
        lambda c, u: c.update({"insecure-skip-tls-verify": True}),
        "KubeconfigInsecureRefused",
    ),
    "proxy": (lambda c, u: c.update({"proxy-url": "http://hunter2"}), "KubeconfigProxyRefused"),
    "http": (lambda c, u: c.update({"server": "http://hunter2"}), "KubeconfigInvalid"),
    "no server": (lambda c, u: c.pop("server"), "KubeconfigInvalid"),
    "unix": (lambda c, u: c.update({"server": "unix:///hunter2"}), "KubeconfigInvalid"),
    "user in server": (
        lambda c, u: c.update({"server": "https://a:hunter2@b"}),
        "KubeconfigInvalid",
    ),
    "bad port": (lambda c, u: c.update({"server": "https://b:hunter2"}), "KubeconfigInvalid"),
    "query": (lambda c, u: c.update({"server": "https://b/?hunter2"}), "KubeconfigInvalid"),
    "list server": (lambda c, u: c.update({"server": ["hunter2"]}), "KubeconfigInvalid"),
    "basic": (lambda c, u: u.update({"password": "hunter2"}), "KubeconfigInvalid"),
    "impersonation": (lambda c, u: u.update({"as": "hunter2"}), "KubeconfigInvalid"),
    "half a pair": (lambda c, u: u.pop("client-key-data"), "KubeconfigInvalid"),
    "no credential": (lambda c, u: u.clear(), "KubeconfigInvalid"),
    "bad base64": (lambda c, u: u.update({"client-key-data": "hunter2!"}), "KubeconfigInvalid"),
    "not PEM": (lambda c, u: u.update({"client-key-data": "aHVudGVyMg=="}), "KubeconfigInvalid"),
    "header in token": (
        lambda c, u: u.update({"token": "a\r\nX: hunter2"}),
        "KubeconfigInvalid",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_a_reason_and_no_value(case: str) -> None:
    change, reason = REFUSED[case]
    with pytest.raises(errors.KubeconfigError) as caught:
        kubeconfig.parse(text(change))
    assert caught.value.reason == reason
    assert "hunter2" not in str(caught.value)
    assert re.search(r"[;:] (use|correct|remove) ", str(caught.value)), "it says what to do"


def test_what_the_operator_may_allow() -> None:
    change, _ = REFUSED["insecure"]
    assert kubeconfig.parse(text(change), allow_insecure_tls=True).insecure
    change, _ = REFUSED["proxy"]
    assert kubeconfig.parse(text(change), allow_proxy=True).proxy == "http://hunter2"


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"hunter2",
        b"[hunter2]",
        b"a: b: hunter2",
        b"\xff\xfe\x00",
        b"x" * (kubeconfig.SIZE_LIMIT + 1),
        b"current-context: hunter2",
        b"current-context: a\ncontexts: hunter2",
        b"current-context: a\ncontexts: [{name: a, context: hunter2}]",
        b"current-context: a\ncontexts: [{name: a, context: {}}, {name: a, context: {}}]",
        b"[" * 100_000,
        b"!!python/object/apply:os.system [hunter2]",
    ],
)
def test_what_is_no_kubeconfig(broken: bytes) -> None:
    with pytest.raises(errors.KubeconfigError) as caught:
        kubeconfig.parse(broken)
    assert caught.value.reason == "KubeconfigInvalid"
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_certificates_that_are_none() -> None:
    with pytest.raises(errors.KubeconfigError) as caught:
        kubeconfig.parse(text()).open()
    assert caught.value.reason == "KubeconfigInvalid"
    assert caught.value.__cause__ is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(
    st.sampled_from(["cluster", "user"]),
    st.sampled_from(["server", "token", "tls-server-name", "client-key-data", "extensions"]),
    JSON,
)
def test_any_value_is_an_endpoint_or_a_kubeconfig_error(where: str, name: str, value: Any) -> None:
    def change(cluster: Any, user: Any) -> None:
        (cluster if where == "cluster" else user)[name] = value

    try:
        found = kubeconfig.parse(text(change))
    except errors.KubeconfigError:
        return
    assert found.server.startswith("https://")
