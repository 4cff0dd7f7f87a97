"""plugins.tenancy of the operator's settings: what must be chosen, and what is refused."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
import yaml
from akoo_tenancy.plugin import TenancyPlugin
from akoo_tenancy.spec import settings

from akoo_core.plugin import structs
from akoo_core.plugin.errors import InputError

GOOD: dict[str, Any] = {
    "store": "Vault",
    "vault": {
        "address": "https://vault.example:8200",
        "login": {"method": "Kubernetes", "role": "akoo-core"},
    },
}


def decoded(value: dict[str, Any]) -> settings.Settings:
    return structs.convert(value, settings.Settings, path="plugins.tenancy")


def vault(**changes: Any) -> dict[str, Any]:
    return {**GOOD, "vault": {**GOOD["vault"], **changes}}


def login(**fields: Any) -> dict[str, Any]:
    return vault(login=fields)


def test_without_a_choice_there_is_no_operator() -> None:
    for chosen in (None, decoded({}), decoded({"rotationsAtOnce": 3})):
        with pytest.raises(InputError, match=r"store is missing") as refused:
            settings.checked(chosen)
        assert "Choose Vault" in str(refused.value)
        assert "or Secret" in str(refused.value)


ACCEPTED = {
    "kubernetes": GOOD,
    "secret": {"store": "Secret"},
    "jwt": login(method="JWT", role="akoo-core", mount="jwt-prod"),
    "approle": login(method="AppRole", roleId="3c1a", secretIdFile="/s"),
    "token file": login(method="TokenFile", tokenFile="/t"),
    "nested mounts": vault(mount="teams/akoo", prefix="prod/eu-1", namespace="team-a/lb/"),
    "slash": vault(address="https://vault.example:8200/"),
    "IPv6": vault(address="https://[2001:db8::1]:8200"),
}


@pytest.mark.parametrize("value", ACCEPTED.values(), ids=ACCEPTED)
def test_what_is_accepted(value: dict[str, Any]) -> None:
    assert settings.checked(decoded(value)).store == value["store"]


REFUSED = {
    "no address": (vault(address=""), r"vault\.address is missing"),
    "http": (vault(address="http://vault:8200"), "write https"),
    "path": (vault(address="https://vault:8200/v1"), "write https"),
    "account in the address": (vault(address="https://a:b@vault"), "remove it"),
    "mount that leaves": (vault(mount="../sys"), "mount"),
    "mount with a wildcard": (vault(mount="akoo/+"), "mount"),
    "prefix that leaves": (vault(prefix="a/../../b"), "prefix"),
    "empty prefix": (vault(prefix=""), "prefix"),
    "slash before": (vault(prefix="/a"), "prefix"),
    "namespace": (vault(namespace="../root"), "namespace"),
    "no login": (vault(login={}), r"login\.method is missing"),
    "no role": (login(method="Kubernetes"), r"login\.role is missing"),
    "no JWT file": (login(method="JWT", role="a", jwtFile=""), r"login\.jwtFile is missing"),
    "no secret id": (login(method="AppRole", roleId="a"), r"login\.secretIdFile is missing"),
    "no role id": (login(method="AppRole", secretIdFile="/a"), r"login\.roleId is missing"),
    "no token file": (login(method="TokenFile"), r"login\.tokenFile is missing"),
    "auth mount": (login(method="JWT", role="a", mount="a/../b"), r"login\.mount"),
}


@pytest.mark.parametrize(("value", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(value: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        settings.checked(decoded(value))


def test_no_vault_is_needed_for_secrets() -> None:
    assert settings.checked(decoded({"store": "Secret", "vault": {}})).store == "Secret"


def test_the_component_mounts_what_the_settings_and_the_script_expect() -> None:
    folder = pathlib.Path(__file__).parents[3] / "deploy/vault"
    component = yaml.safe_load((folder / "kustomization.yaml").read_text())
    values = [entry["value"] for entry in yaml.safe_load(component["patches"][0]["patch"])]
    volumes = {value["name"]: value for value in values if "mountPath" not in value}
    mounts = {value["name"]: value["mountPath"] for value in values if "mountPath" in value}
    token = volumes["vault-login"]["projected"]["sources"][0]["serviceAccountToken"]
    assert f"{mounts['vault-login']}/{token['path']}" == settings.Login().jwt_file
    script = (folder / "setup.sh").read_text()
    assert f'AUDIENCE="${{AUDIENCE:-{token["audience"]}}}"' in script
    for variable, value in (("MOUNT", settings.Vault().mount), ("PREFIX", settings.Vault().prefix)):
        assert f'{variable}="${{{variable}:-{value}}}"' in script
    page = folder.parents[1] / "docs/how-to/vault.md"
    assert f"caFile: {mounts['vault-ca']}/ca.crt" in page.read_text()


@pytest.mark.parametrize("value", [None, {}, {"store": "Vault"}])
def test_the_plugin_itself_refuses_what_is_not_chosen(value: dict[str, Any] | None) -> None:
    with pytest.raises(InputError, match=r"plugins\.tenancy\.(store|vault\.address) is missing"):
        TenancyPlugin(decoded(value) if value is not None else None)
