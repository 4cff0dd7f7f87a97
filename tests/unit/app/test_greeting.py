"""The first line of the operator's log: versions, plugins, and the settings that were changed."""

from __future__ import annotations

import json

from akoo_ako import plugin as ako

import akoo_core
from akoo_core import settings
from akoo_core.app import operator
from akoo_core.plugin_host import loader, registry


def test_it_names_us_and_the_plugins_with_their_versions() -> None:
    plugin = ako.AkoPlugin()
    plugin.name = "ako"
    version = {installed.name: installed.version for installed in loader.installed()}["ako"]
    line = operator.greeting(registry.PluginSet([plugin]))
    assert line == f"akoo-core {akoo_core.__version__}, plugins ako {version}"


def test_it_works_without_plugins() -> None:
    assert operator.greeting(registry.PluginSet()).endswith(", plugins none")


def test_settings_are_those_that_were_changed() -> None:
    loaded = settings.load(
        None, {"AKOO_LOG__LEVEL": "debug", "AKOO_WORKERS": "3"}, {"enabledPlugins": "ako"}
    )
    assert json.loads(operator.changed(loaded.settings)) == {
        "enabledPlugins": ["ako"],
        "log": {"level": "debug"},
        "workers": 3,
    }
    assert operator.changed(settings.Settings()) == "{}"
