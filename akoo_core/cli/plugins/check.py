"""Checks an installed plugin for its author: every problem, with its place in the code.

First come the checks of the loader; if they pass, the conformance suite runs on a plain cluster.
 Plugins whose verbs need more of a World run the suite in their own tests.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from akoo_core import errors, settings, structs
from akoo_core.plugin import api
from akoo_core.plugin_host import contract, controllers, loader
from akoo_core.settings import yamlfile


class ConformanceReport(NamedTuple):
    """Problems, and the verbs that could not be tried."""

    problems: tuple[str, ...]
    unreached: tuple[str, ...] = ()


def check(
    name: str, loaded: settings.LoadedSettings, config: structs.JSON | None = None
) -> ConformanceReport:
    """``config`` is an AKODeploymentConfig to try the verbs with.

    Raises InputError when there is no such plugin, or its class cannot be used.
    """
    kind = loader.import_class(name)
    own_name = loader.chosen(name).name
    wrong = contract.problems(own_name, kind)
    if wrong:
        return ConformanceReport(wrong)
    try:
        plugin = loader.make(name, loaded)
    except errors.InputError as error:
        return ConformanceReport((_placed(str(error), kind.settings_type or kind),))
    return _tried(name, plugin, loaded, config)


def read_config(path: pathlib.Path) -> structs.JSON:
    """An AKODeploymentConfig from a YAML file. Raises InputError."""
    read = yamlfile.read(path)
    if read.get("kind") != "AKODeploymentConfig":
        raise errors.InputError(f"{path}: kind: must be AKODeploymentConfig")
    return {**read, "metadata": {"name": "default", "uid": "1", **(read.get("metadata") or {})}}


def _tried(
    name: str, plugin: api.Plugin, loaded: settings.LoadedSettings, config: structs.JSON | None
) -> ConformanceReport:
    # Only this command needs it: nothing that the operator runs imports akoo_core.testing.
    from akoo_core import testing  # noqa: PLC0415
    from akoo_core.testing import conformance, verbs  # noqa: PLC0415

    try:
        controllers.collect(verbs.plugin_set(plugin))
    except errors.InputError as error:
        return ConformanceReport((str(error),))
    planted = tuple(_default_facts(plugin))

    def world() -> testing.World:
        return testing.World(config=config, facts=planted)

    subject = conformance.Subject(lambda _: loader.make(name, loaded), world, name=plugin.name)
    problems = conformance.problems(subject)
    unreached = () if problems else tuple(conformance.unreached([subject]))
    return ConformanceReport(problems, unreached)


def _default_facts(plugin: api.Plugin) -> Iterator[api.Fact]:
    """Facts with defaults for all fields; the author plants the others."""
    for kind in (*plugin.requires, *plugin.accepts):
        if not any(field.required for field in structs.fields(kind)):
            yield kind()


def _placed(message: str, kind: type[object]) -> str:
    """The message, with the place of the class if it names no place."""
    place = contract.where(kind)
    return message if ".py:" in message else f"{place}: {message}"


def summary(
    report: ConformanceReport, installed: loader.Installed, checks: Sequence[str]
) -> Iterator[str]:
    """Lines for a plugin without problems."""
    yield f"{installed}: {len(checks)} checks, no problem"
    if report.unreached:
        yield (
            f"  not tried: {', '.join(report.unreached)}; the plugin waits or is Blocked before "
            "them, or needs facts. Give an AKODeploymentConfig with --adc, and run "
            "akoo_core.testing.conformance in its tests"
        )
