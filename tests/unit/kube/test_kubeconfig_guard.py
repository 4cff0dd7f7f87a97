"""Kubeconfigs of workload clusters: the fields that are allowed, and those that are refused."""

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

from akoo_core.kube import errors
from akoo_core.kube.access import kubeconfig

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
    parsed = kubeconfig.parse(text())
    assert parsed.server == "https://10.0.0.1:6443"
    assert parsed.client_key == base64.b64decode(PEM)
    assert "hunter2" not in repr(parsed).replace(repr(parsed.ca), "")


def test_a_token() -> None:
    def change(_: Any, user: Any) -> None:
        user.clear()
        user["token"] = "hunter2\n"

    parsed = kubeconfig.parse(text(change))
    assert parsed.token == "hunter2"
    assert "hunter2" not in repr(parsed).replace(repr(parsed.ca), "")


def test_the_whole_file_is_bounded() -> None:
    whole = text() + b"#" + b"x" * (kubeconfig.SIZE_LIMIT - len(text()) - 1)
    assert kubeconfig.parse(whole)
    with pytest.raises(errors.KubeconfigError, match="longer than 65536 bytes"):
        kubeconfig.parse(whole + b"x")


def aliases(levels: int, width: int) -> list[str]:
    """Lists of lists by aliases: a few hundred bytes that stand for ``width ** levels`` values."""
    rows = [f"a0: &a0 [{','.join(['x'] * width)}]"]
    for level in range(1, levels + 1):
        rows.append(f"a{level}: &a{level} [{','.join([f'*a{level - 1}'] * width)}]")
    return rows


@pytest.mark.parametrize(
    "place",
    [
        "current-context: *a{n}",
        "contexts: *a{n}",
        "current-context: c\ncontexts: [{{name: *a{n}, context: {{cluster: k, user: u}}}}]",
        "clusters: [{{name: k, cluster: {{certificate-authority-data: *a{n}}}}}]",
        "users: [{{name: u, user: {{token: *a{n}}}}}]",
        "extensions: *a{n}",
    ],
)
@pytest.mark.parametrize(("levels", "width"), [(60, 2), (30, 9)])
def test_aliases_are_refused_at_once(place: str, levels: int, width: int) -> None:
    bomb = "\n".join((*aliases(levels, width), place.format(n=levels))).encode()
    with pytest.raises(errors.KubeconfigError, match="anchor"):
        kubeconfig.parse(bomb)


def test_names_of_entries_are_text() -> None:
    """Compared as they are, lists of lists would take for ever."""
    for name in ("[a]", "{a: b}", "true", "~", "''"):
        config = f"current-context: {name}\ncontexts: [{{name: {name}, context: {{}}}}]"
        with pytest.raises(errors.KubeconfigError, match="current-context must name"):
            kubeconfig.parse(config.encode())


@pytest.mark.parametrize(
    "server",
    [
        "https://10.0.0.1:6443",
        "https://10.0.0.1",
        "https://api.shop.example.com:6443/",
        "https://api.shop.example.com.:6443",
        "https://API.example.com",
        "https://a_b.example.com",
        "https://xn--mnchen-3ya.example.com",
        "https://[2001:db8::1]:6443",
        "https://rancher.example.com/k8s/clusters/c-m-1",
    ],
)
def test_servers_that_are_used(server: str) -> None:
    parsed = kubeconfig.parse(text(lambda c, u: c.update({"server": server})))
    assert parsed.server == server.rstrip("/")


@pytest.mark.parametrize(
    "server",
    [
        "https://a..b:6443",
        "https://.example.com",
        "https://" + "a" * 64 + ".example.com",
        "https://" + "a." * 127 + "example.com",
        "https://münchen.example.com",
        "https://ex…mple:1",
        "https://exa mple:6443",
        "https://%00:1",
        "https://[fe80::1%25lo]:6443",
        "https://[::1",
        "https://h:0",
        "https://h:99999",
        "https://h:x",
        "https://h/../../x",
        "https://h/a?b",
        "https://h/a b",
        "https://h/%2e%2e/x",
        "https://h#x",
        "https://u@h",
        "https://",
        "https:///x",
        "h:6443",
    ],
)
def test_servers_that_are_refused(server: str) -> None:
    with pytest.raises(errors.KubeconfigError) as caught:
        kubeconfig.parse(text(lambda c, u: c.update({"server": server})))
    assert caught.value.reason == "KubeconfigInvalid"


@pytest.mark.parametrize(
    "name", [".example.com", "a" * 70, "a..b", "ä" * 80, "127.0.0.1\0x", "a b", "-a", "a/b"]
)
def test_names_of_servers_that_no_handshake_takes(name: str) -> None:
    with pytest.raises(errors.KubeconfigError) as caught:
        kubeconfig.parse(text(lambda c, u: c.update({"tls-server-name": name})))
    assert caught.value.reason == "KubeconfigInvalid"


@pytest.mark.parametrize("name", ["api.example.com", "10.0.0.1", "2001:db8::1"])
def test_names_of_servers(name: str) -> None:
    parsed = kubeconfig.parse(text(lambda c, u: c.update({"tls-server-name": name})))
    assert parsed.tls_server_name == name


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "169.254.169.254", "224.0.0.1", "255.255.255.255"),
        *("[::1]", "[::]", "[fe80::1]", "[ff02::1]", "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]"),
        *("[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::7f00:1]"),
    ],
)
def test_addresses_of_the_operators_own_host(host: str) -> None:
    config = text(lambda c, u: c.update({"server": f"https://{host}:6443"}))
    with pytest.raises(errors.KubeconfigError) as caught:
        kubeconfig.parse(config)
    assert caught.value.reason == "KubeconfigAddressRefused"
    assert kubeconfig.parse(config, allow_local_addresses=True)


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
    "insecure is text": (
        lambda c, u: c.update({"insecure-skip-tls-verify": "hunter2"}),
        "KubeconfigInvalid",
    ),
    "list of certificates": (
        lambda c, u: c.update({"certificate-authority-data": ["hunter2"]}),
        "KubeconfigInvalid",
    ),
    "unprintable token": (lambda c, u: u.update({"token": "hunter2ü"}), "KubeconfigInvalid"),
    "secret as a field": (lambda c, u: u.update({"hunter2": "x"}), "KubeconfigInvalid"),
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
        b"current-context: hunter2",
        b"current-context: a\ncontexts: hunter2",
        b"current-context: a\ncontexts: [{name: a, context: hunter2}]",
        b"current-context: a\ncontexts: [{name: a, context: {}}, {name: a, context: {}}]",
        b"[" * 100_000,
        b"!!python/object/apply:os.system [hunter2]",
        b"- " * 30_000 + b"hunter2",
        b"{? " * 20_000,
        b"a: hunter2\na: hunter2",
        b"--- a\n--- hunter2",
        b"? [hunter2]\n: b",
        b"hunter2: 2001-99-99",
        b"\n".join(b"k%d: hunter2" % n for n in range(3000)),
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
        parsed = kubeconfig.parse(text(change))
    except errors.KubeconfigError:
        return
    assert parsed.server.startswith("https://")
