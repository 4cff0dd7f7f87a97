"""The pure verbs of the plugin: intent, version, credential, references, refusals."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from akoo_ako import names, options, settings
from akoo_ako.plugin import AkoPlugin

from akoo_core import settings as core_settings
from akoo_core import structs
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.plugin_host import contract

LEAVING = record.Leaving(
    cause="ClusterDeleted", started_at=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
)
CONFIRMED = structs.replace(LEAVING, confirmed_at=LEAVING.started_at)
MANAGEMENT = record.ClusterRef(namespace="tkg-system", name="mc", uid="u-1")


def account(**fields: Any) -> dict[str, record.StoredFact]:
    source = api.SecretSource(plugin="tenancy", key="a")
    fact = api.WorkloadCredential(username=source, password=source, **fields)
    return {
        "WorkloadCredential": record.StoredFact(
            plugin="tenancy", version=1, data=structs.to_object(fact)
        )
    }


def stored(version: str) -> dict[str, record.StoredIntent]:
    return {"ako": record.StoredIntent(version=1, data={"version": version, "clusterName": "c"})}


def contributed(view: api.View, ours: settings.Settings | None = None) -> api.Contribution:
    answer = AkoPlugin(ours).contribute(view)
    assert isinstance(answer, api.Contribution), answer
    return answer


def delete_config(view: api.View) -> str:
    objects = contributed(view).objects
    (config_map,) = (obj for obj in objects if obj["kind"] == "ConfigMap")
    return str(config_map["data"]["deleteConfig"])


def test_it_keeps_the_contract_of_plugins() -> None:
    assert contract.problems("ako", AkoPlugin) == ()


def test_intent_names_cluster_and_version(build: Any) -> None:
    answer = AkoPlugin().intend(build.view())
    known = {"clusterName": build.record, "version": "2.1.1"}
    assert answer == api.Intent(data={**known, "fullSyncSeconds": 1800})


@pytest.mark.parametrize(
    ("config", "ours", "before", "version"),
    [
        ("1.13.3", "2.1.1", "1.13.4", "1.13.3"),
        ("", "1.13.4", "2.1.1", "1.13.4"),
        ("", "", "1.13.2", "1.13.2"),
        ("", "", "", "2.1.1"),
    ],
    ids=["config wins", "then settings", "then what it has", "else newest"],
)
def test_version(build: Any, config: str, ours: str, before: str, version: str) -> None:
    intents = stored(before) if before else {}
    view = build.view(ako_options=options.Options(version=config), intents=intents)
    answer = AkoPlugin(settings.Settings(version=ours)).intend(view)
    assert isinstance(answer, api.Intent)
    assert answer.data["version"] == version


def test_a_version_that_is_no_longer_known_is_not_replaced(build: Any) -> None:
    """A new operator rolls no AKO by itself."""
    answer = AkoPlugin().intend(build.view(intents=stored("1.9.1")))
    assert isinstance(answer, api.Blocked)
    assert answer.reason == "AkoVersionUnsupported"
    assert "AKO 1.9.1 is not supported" in answer.message


def test_intent_stays_while_leaving_and_without_a_config(build: Any) -> None:
    kept = api.Intent(data={"version": "1.13.1", "clusterName": "c"})
    plugin = AkoPlugin()
    assert plugin.intend(build.view(intents=stored("1.13.1"), leaving=LEAVING)) == kept
    assert plugin.intend(build.view({}, intents=stored("1.13.1"))) == kept
    assert plugin.intend(build.view({})) is None


def test_bad_config_is_blocked_with_its_path(build: Any) -> None:
    view = build.view(build.adc({"cloudName": ""}))
    for answer in (AkoPlugin().intend(view), AkoPlugin().contribute(view)):
        assert isinstance(answer, api.Blocked)
        assert (answer.reason, answer.message.split(":")[0]) == ("ConfigInvalid", "spec.cloudName")


def test_family_gate_closes_and_opens_again(build: Any) -> None:
    six = build.cluster(spec={"clusterNetwork": {"pods": {"cidrBlocks": ["fd00::/64"]}}})
    answer = AkoPlugin().contribute(build.view(cluster=six))
    assert isinstance(answer, api.Blocked)
    assert answer.reason == "IpFamilyMismatch"
    contributed(build.view())


def test_secret_from_the_workload_credential(build: Any) -> None:
    (secret,) = contributed(build.view()).secrets
    assert (secret.namespace, secret.name) == ("avi-system", "avi-secret")
    assert secret.data == {
        "username": line(key="username", namespace="avi", name="shop-avi"),
        "password": line(key="password", namespace="avi", name="shop-avi"),
        "certificateAuthorityData": api.SecretSource(
            key="certificateAuthorityData", namespace="avi", name="ca"
        ),
    }


def line(**source: Any) -> api.SecretSource:
    """A user name or a password: one with a line break is refused before AKO gets it."""
    return api.SecretSource(**source, single_line=True)


def test_no_credential_deploys_nothing(build: Any) -> None:
    answer = AkoPlugin().contribute(build.view(build.adc({"workloadCredentialRef": None})))
    assert isinstance(answer, api.Blocked)
    assert answer.reason == "CredentialMissing"
    assert "spec.workloadCredentialRef" in answer.message


def test_admin_credential_serves_the_management_cluster_only(build: Any) -> None:
    view = build.view(
        build.adc({"workloadCredentialRef": None}),
        cluster=build.cluster(namespace="tkg-system"),
    )
    (secret,) = contributed(view).secrets
    assert secret.data["password"].name == "admin"


def test_a_providers_account_comes_first(build: Any) -> None:
    (secret,) = contributed(build.view(facts=account())).secrets
    assert secret.data["username"].plugin == "tenancy"
    assert secret.data["certificateAuthorityData"].name == "ca"
    assert [key for key, source in secret.data.items() if source.single_line] == [
        "username",
        "password",
    ]
    ca = api.SecretSource(plugin="tenancy", key="ca")
    (secret,) = contributed(build.view(facts=account(ca=ca))).secrets
    assert secret.data["certificateAuthorityData"] == ca


def test_ca_beside_the_account_must_be_there(build: Any) -> None:
    without = build.adc({"certificateAuthorityRef": None})
    (secret,) = contributed(build.view(without)).secrets
    ca = secret.data["certificateAuthorityData"]
    assert (ca.name, ca.optional) == ("shop-avi", False)
    (secret,) = contributed(
        build.view(without, options.Options(insecure_skip_tls_verify=True))
    ).secrets
    assert secret.data["certificateAuthorityData"].optional


def test_an_account_without_any_ca_is_refused_unless_asked_for(build: Any) -> None:
    without = build.adc({"certificateAuthorityRef": {"name": "", "namespace": ""}})
    answer = AkoPlugin().contribute(build.view(without, facts=account()))
    assert isinstance(answer, api.Blocked)
    assert answer.reason == "CertificateAuthorityMissing"
    assert "spec.plugins.ako.insecureSkipTLSVerify" in answer.message
    allowed = build.view(without, options.Options(insecure_skip_tls_verify=True), facts=account())
    (secret,) = contributed(allowed).secrets
    assert set(secret.data) == {"username", "password"}


def test_the_option_is_spelled_as_the_message_says() -> None:
    decoded = structs.convert({"insecureSkipTLSVerify": True}, options.Options)
    assert decoded.insecure_skip_tls_verify


def test_pull_secrets_are_named_in_settings_and_config() -> None:
    for kind in (settings.Settings, options.Options):
        decoded = core_settings.decode({"imagePullSecrets": ["pull"]}, kind, path="")
        assert list(structs.to_plain(decoded)["imagePullSecrets"]) == ["pull"]


def test_secret_references(build: Any) -> None:
    plugin = AkoPlugin()
    assert plugin.secret_references(build.view()) == (("avi", "ca"), ("avi", "shop-avi"))
    assert plugin.secret_references(build.view(facts=account())) == (("avi", "ca"),)
    assert plugin.secret_references(build.view({})) == ()
    assert plugin.secret_references(build.view({"spec": {"tenant": 1}})) == ()


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({}, "false"),
        ({"leaving": LEAVING}, "false"),
        ({"leaving": CONFIRMED}, "true"),
        ({"leaving": CONFIRMED, "cluster_ref": MANAGEMENT}, "false"),
    ],
    ids=["living", "not confirmed yet", "leaving", "management cluster"],
)
def test_delete_config(build: Any, more: dict[str, Any], text: str) -> None:
    assert delete_config(build.view(**more)) == text


@pytest.mark.parametrize(("value", "text"), [("true", "true"), ("True", "false"), ("", "false")])
def test_the_ancestors_label_cleans_a_living_cluster(build: Any, value: str, text: str) -> None:
    labels = {names.DELETE_CONFIG_LABEL: value}
    assert delete_config(build.view(cluster=build.cluster(labels=labels))) == text


def test_the_label_does_nothing_in_the_management_cluster(build: Any) -> None:
    cluster = build.cluster(labels={names.DELETE_CONFIG_LABEL: "true"}, namespace="tkg-system")
    assert delete_config(build.view(cluster=cluster)) == "false"


def test_what_ako_follows_live_does_not_roll_it(build: Any) -> None:
    def stateful_set(view: api.View) -> object:
        return next(obj for obj in contributed(view).objects if obj["kind"] == "StatefulSet")

    live = build.adc({"extraConfigs.log.logLevel": "DEBUG", "extraConfigs.enableEvents": False})
    cleaned = build.cluster(labels={names.DELETE_CONFIG_LABEL: "true"})
    assert stateful_set(build.view(live, cluster=cleaned)) == stateful_set(build.view())
    lasting = build.adc({"extraConfigs.layer7Only": True})
    assert stateful_set(build.view(lasting)) != stateful_set(build.view())
