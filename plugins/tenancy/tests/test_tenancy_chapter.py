"""The chapter of the sandbox, without a sandbox: what it asks of operator and config is valid."""

from __future__ import annotations

import pathlib
import types
from typing import Any

from akoo_tenancy.plugin import TenancyPlugin
from akoo_tenancy.spec import config
from akoo_tenancy.spec import settings as tenancy_settings
from akoo_tenancy.testing import administrator, chapter
from akoo_testbed.bed import Bed
from akoo_testbed.parts import OpenBao

from akoo_core.plugin import structs
from akoo_core.plugin_host import rbac

DEPLOY = pathlib.Path(__file__).parents[3] / "deploy/vault/setup.sh"
ADDRESS = "https://127.0.0.1:8200"


class PaperStage:
    """The parts that settings name, with addresses and folders only."""

    def __init__(self, folder: pathlib.Path) -> None:
        base = types.SimpleNamespace(folder=folder)
        self._parts: dict[type, Any] = {
            Bed: types.SimpleNamespace(base=base),
            OpenBao: types.SimpleNamespace(url=ADDRESS),
        }

    def part(self, kind: type) -> Any:
        return self._parts[kind]


def test_the_operator_takes_the_settings(tmp_path: pathlib.Path) -> None:
    stage: Any = PaperStage(tmp_path)
    asked = structs.convert(chapter.settings(stage), tenancy_settings.Settings)
    assert tenancy_settings.checked(asked).vault.address == ADDRESS
    assert asked.vault.mount == chapter.MOUNT
    assert asked.vault.prefix == chapter.PREFIX
    assert asked.vault.login.path == "kubernetes"
    plugin = TenancyPlugin(asked)
    plugin.name = "tenancy"
    _, role = rbac.manifests([plugin])
    assert not [
        rule
        for rule in role["rules"]
        if "create" in rule["verbs"] and "secrets" in rule["resources"]
    ]


def test_the_config_gives_the_account_to_the_plugin() -> None:
    stage: Any = None
    patch = chapter.config(stage)
    options = structs.convert(patch["plugins"]["tenancy"], config.Options)
    config.check(options)
    assert config.choice(options, reference=False, management=False) == "Tenancy"
    assert patch["workloadCredentialRef"] is None


def test_the_script_is_the_one_of_the_administrator() -> None:
    assert administrator.SETUP.is_file()
    assert DEPLOY.resolve() == administrator.SETUP.resolve()
