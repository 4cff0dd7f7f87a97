from __future__ import annotations

import pathlib
from typing import Any

import pytest

from akoo_core import errors, structs
from akoo_core.settings import SecretRef, Settings, load


class AcmeDns(structs.StrictStruct, frozen=True, kw_only=True):
    server_url: str = ""
    retries: int = 3
    zones: tuple[str, ...] = ()
    password: SecretRef | None = None


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "akoo.yaml"
    path.write_text(
        """
managementId: from-file
health: {port: 8081, bindAddress: 127.0.0.1}
workers:
plugins:
  acme-dns:
    serverUrl: https://dns
    retries: 5
"""
    )
    return path


def test_nothing_given_means_the_defaults() -> None:
    assert load().settings == Settings()
    assert load().settings.secret_namespaces == ("akoo-system", "tkg-system-networking")


def test_the_environment_goes_over_the_file_and_the_command_line_over_both(
    file: pathlib.Path,
) -> None:
    environ = {
        "AKOO_HEALTH__PORT": "9000",
        "AKOO_MANAGEMENT_ID": "123",
        "AKOO_ENABLED_PLUGINS": "ako, acme-dns",
        "AKOO_LEADER_ELECTION__ENABLED": "false",
        "PATH": "/bin",
    }
    overrides = {"health.port": 9001, "log.level": "debug", "workers": None, "resyncSeconds": "5"}
    settings = load(file, environ, overrides).settings
    assert settings.health.port == 9001
    assert settings.health.bind_address == "127.0.0.1"
    assert settings.management_id == "123"
    assert settings.enabled_plugins == ("ako", "acme-dns")
    assert not settings.leader_election.enabled
    assert settings.log.level == "debug"
    assert settings.resync_seconds == 5.0
    assert settings.workers == Settings().workers


def test_plugins_in_the_environment_choose_like_the_flag() -> None:
    assert load(None, {"AKOO_PLUGINS": "ako"}).settings.enabled_plugins == ("ako",)


def test_a_plugin_types_its_own_section(file: pathlib.Path) -> None:
    environ = {
        "AKOO_PLUGINS__ACME_DNS__RETRIES": "7",
        "AKOO_PLUGINS__ACME_DNS__ZONES": "[a, b]",
        "AKOO_PLUGINS__ACME_DNS__PASSWORD__NAME": "123",
        "AKOO_PLUGINS__ACME_DNS__PASSWORD__NAMESPACE": "ns",
        "AKOO_PLUGINS__ACME_DNS__PASSWORD__KEY": "k",
        "AKOO_PLUGINS__OTHER_ONE": "{a: 1}",
    }
    loaded = load(file, environ, {"plugins.acme-dns.zones": ["c"]})
    assert loaded.plugin_names == ("acme-dns", "other-one")
    assert loaded.plugin("acme-dns", AcmeDns) == AcmeDns(
        server_url="https://dns",
        retries=7,
        zones=("c",),
        password=SecretRef(namespace="ns", name="123", key="k"),
    )
    assert loaded.plugin("ako", AcmeDns) == AcmeDns()
    assert loaded.plugin("ako", None) is None


@pytest.mark.parametrize(
    ("text", "environ", "overrides", "message"),
    [
        ("helth: {}", {}, {}, 'FILE:1: helth: no such key; did you mean "health"?'),
        ("health: {prt: 1}", {}, {}, 'FILE:1: health.prt: no such key; did you mean "port"?'),
        ("workers: many", {}, {}, "FILE:1: workers: must be a whole number, not text"),
        ("workers: 0", {}, {}, "FILE:1: workers: must be at least 1"),
        ("health: {port: 70000}", {}, {}, "FILE:1: health.port: must be at most 65535"),
        ("a: 1\na: 2", {}, {}, "FILE:2: not YAML: the key a is here twice"),
        ("a: [", {}, {}, "FILE:1: not YAML: "),
        ("a: 2026-99-99", {}, {}, "FILE: not YAML: ValueError"),
        ("3", {}, {}, "FILE: must hold keys and values"),
        ("plugins: ako", {}, {}, "enabledPlugins chooses which of them run"),
        ("token: c4nary", {}, {}, "FILE:1: token: no such key"),
        (
            "enabledPlugins: [1]",
            {},
            {},
            "FILE:1: enabledPlugins[0]: must be text",
        ),
        (
            "leaderElection: {leaseSeconds: 29.9}",
            {},
            {},
            "must be at least renewDeadlineSeconds (20) and the 10 s that a call may take",
        ),
        (
            "{deadlines: {externalSeconds: 12}, leaderElection: {leaseSeconds: 31}}",
            {},
            {},
            "FILE:1: leaderElection.leaseSeconds: must be at least renewDeadlineSeconds (20)",
        ),
        (
            "deadlines: {attemptSeconds: 300}",
            {},
            {},
            "FILE:1: deadlines.attemptSeconds: must be more than 300",
        ),
        (
            "leaderElection: {retrySeconds: 30}",
            {},
            {},
            "FILE:1: leaderElection.retrySeconds: must be less than",
        ),
        (
            "",
            {"AKOO_HEALTH__PORT": "many"},
            {},
            "AKOO_HEALTH__PORT: health.port: must be a whole number, not text",
        ),
        (
            "",
            {"AKOO_HEALTH__PROT": "1"},
            {},
            'AKOO_HEALTH__PROT: no such key; did you mean "PORT"?',
        ),
        (
            "proxy: {url: 'http://operator:c4nary@proxy:3128'}",
            {},
            {},
            "FILE:1: proxy.url: holds a user or a password, and a secret does not belong here",
        ),
        (
            "",
            {"AKOO_PROXY__URL": "https://proxy:3128"},
            {},
            "AKOO_PROXY__URL: proxy.url: must be http://host:port",
        ),
        (
            "proxy: {url: 'http://proxy:3128'}",
            {"AKOO_PROXY__NO_PROXY": "localhost,10.0.0.0/33"},
            {},
            "AKOO_PROXY__NO_PROXY: proxy.noProxy[1]: must be a host name",
        ),
        ("", {"AKOO_WORKERS__X": "1"}, {}, "AKOO_WORKERS__X: workers has no keys below it"),
        (
            "",
            {},
            {"log.level": "loud"},
            "command line: log.level: must be one of debug, info, warning",
        ),
        (
            "",
            {},
            {"log.levle": "info"},
            'command line: log.levle: no such key; did you mean "level"?',
        ),
    ],
)
def test_what_is_wrong_names_source_and_path(
    tmp_path: pathlib.Path,
    text: str,
    environ: dict[str, str],
    overrides: dict[str, Any],
    message: str,
) -> None:
    path = tmp_path / "akoo.yaml"
    path.write_text(text)
    with pytest.raises(errors.InputError) as caught:
        load(path, environ, overrides)
    raised = str(caught.value)
    assert message.replace("FILE", str(path)) in raised
    assert "\n" not in raised
    assert "c4nary" not in raised


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        (
            {"AKOO_PLUGINS__ACME_DNS__RETRIES": "many"},
            "AKOO_PLUGINS__ACME_DNS__RETRIES: plugins.acme-dns.retries: must be",
        ),
        ({"AKOO_PLUGINS__ACME_DNS__RETRYS": "1"}, 'did you mean "RETRIES"?'),
        (
            {"AKOO_PLUGINS__ACME_DNS__PASSWORD": "c4nary"},
            "AKOO_PLUGINS__ACME_DNS__PASSWORD: plugins.acme-dns.password: a secret does not belong",
        ),
    ],
)
def test_a_plugins_section_is_as_strict(
    file: pathlib.Path, environ: dict[str, str], message: str
) -> None:
    with pytest.raises(errors.InputError) as caught:
        load(file, environ).plugin("acme-dns", AcmeDns)
    assert message in str(caught.value)
    assert "c4nary" not in str(caught.value)


def test_a_plugin_that_has_no_settings_is_given_none(file: pathlib.Path) -> None:
    with pytest.raises(
        errors.InputError, match=r"akoo\.yaml:\d+: plugins\.acme-dns: plugin acme-dns has"
    ):
        load(file).plugin("acme-dns", None)


@pytest.mark.parametrize("made", ["missing", "directory", "binary"])
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: pathlib.Path, made: str) -> None:
    path = tmp_path / made
    if made == "directory":
        path.mkdir()
    if made == "binary":
        path.write_bytes(b"\xff\xfe")
    with pytest.raises(errors.InputError, match="cannot read the settings file"):
        load(path)


def test_the_line_is_that_of_the_key(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "akoo.yaml"
    path.write_text("# ours\nworkers: 3\nplugins:\n  acme-dns:\n    zones:\n    - a\n    - 7\n")
    with pytest.raises(errors.InputError, match=r"akoo\.yaml:7: plugins\.acme-dns\.zones\[1\]"):
        load(path).plugin("acme-dns", AcmeDns)
    path.write_text("workers: 3\nplugins:\n  acme-dns:\n    retrys: 1\n")
    with pytest.raises(errors.InputError, match=r"akoo\.yaml:4: plugins\.acme-dns\.retrys: no su"):
        load(path).plugin("acme-dns", AcmeDns)


def test_an_empty_file_is_an_empty_one(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text("# nothing\n")
    assert load(path).settings == Settings()


def test_what_kubelets_say_of_services_is_no_setting() -> None:
    environ = {
        "AKOO_CORE_SERVICE_HOST": "10.0.0.1",
        "AKOO_CORE_SERVICE_PORT": "8080",
        "AKOO_CORE_SERVICE_PORT_HTTP": "8080",
        "AKOO_CORE_PORT": "tcp://10.0.0.1:8080",
        "AKOO_CORE_PORT_8080_TCP": "tcp://10.0.0.1:8080",
        "AKOO_CORE_PORT_8080_TCP_ADDR": "10.0.0.1",
        "AKOO_CONFIG": "/etc/akoo/config.yaml",
    }
    assert load(None, environ).settings == Settings()
