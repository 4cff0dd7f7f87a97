"""Checks one installed plugin as its author would want to know: everything that is wrong, where.

First what the loader checks before anything runs, then, if that is well, the conformance suite on
an unremarkable cluster. Plugins whose verbs need more of a World run the suite in their own tests.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from akoo_core import errors, settings, structs
from akoo_core.plugin import api
from akoo_core.plugin_host import contract, controllers, loader
from akoo_core.settings import yamlfile


class Found(NamedTuple):
    """What is wrong, and which verbs could not be tried."""

    problems: tuple[str, ...]
    unreached: tuple[str, ...] = ()


def check(name: str, loaded: settings.Loaded, config: structs.JSON | None = None) -> Found:
    """``config`` is an AKODeploymentConfig to try the verbs with.

    Raises InputError when there is no such plugin, or none can be made of it.
    """
    kind = loader.import_class(name)
    wrong = contract.problems(name, kind)
    if wrong:
        return Found(wrong)
    try:
        plugin = loader.make(name, loaded)
    except errors.InputError as error:
        return Found((_placed(str(error), kind.settings_type or kind),))
    return _tried(name, plugin, loaded, config)


def read_config(path: pathlib.Path) -> structs.JSON:
    """An AKODeploymentConfig from a YAML file. Raises InputError."""
    read = yamlfile.read(path)
    if read.get("kind") != "AKODeploymentConfig":
        raise errors.InputError(f"{path}: kind: must be AKODeploymentConfig")
    return {**read, "metadata": {"name": "default", "uid": "1", **(read.get("metadata") or {})}}


def _tried(
    name: str, plugin: api.Plugin, loaded: settings.Loaded, config: structs.JSON | None
) -> Found:
    # Only this command needs it: nothing that the operator runs imports akoo_core.testing.
    from akoo_core import testing  # noqa: PLC0415
    from akoo_core.testing import conformance, verbs  # noqa: PLC0415

    try:
        controllers.collect(verbs.plugin_set(plugin))
    except errors.InputError as error:
        return Found((str(error),))
    given = tuple(_default_facts(plugin))

    def world() -> testing.World:
        return testing.World(config=config, facts=given)

    subject = conformance.Subject(lambda _: loader.make(name, loaded), world, name=name)
    problems = conformance.problems(subject)
    unreached = () if problems else tuple(conformance.unreached([subject]))
    return Found(problems, unreached)


def _default_facts(plugin: api.Plugin) -> Iterator[api.Fact]:
    """Facts that can be made without knowing anything; the others are the author's to plant."""
    for kind in (*plugin.requires, *plugin.accepts):
        if not any(field.required for field in structs.fields(kind)):
            yield kind()


def _placed(message: str, kind: type[object]) -> str:
    """With the place of the class, where the message has none."""
    place = contract.where(kind)
    return message if ".py:" in message else f"{place}: {message}"


def summary(found: Found, one: loader.Installed, checks: Sequence[str]) -> Iterator[str]:
    """What to print when nothing is wrong."""
    yield f"{one}: {len(checks)} checks, no problem"
    if found.unreached:
        yield (
            f"  not tried: {', '.join(found.unreached)}; the plugin waits or is Blocked before, "
            "or needs facts. Give an AKODeploymentConfig with --adc, and run "
            "akoo_core.testing.conformance in its tests"
        )
