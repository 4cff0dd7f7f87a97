"""Reads manifests from packages: those of the core, and those of plugins."""

from __future__ import annotations

import importlib
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import yaml

from akoo_core import errors
from akoo_core.plugin import api

Object = dict[str, Any]
Part = Literal["crds", "policies", "operator"]

_HERE = pathlib.Path(__file__).parent


def core_folder(part: Part) -> pathlib.Path:
    """The folder of a part of the core's own manifests."""
    return _HERE / part


def plugin_folder(plugin: type[api.Plugin] | api.Plugin) -> pathlib.Path | None:
    """The folder that ``Plugin.manifests`` names; None for a plugin without one.

    Raises InputError where it is not there.
    """
    if not plugin.manifests:
        return None
    package, _, name = plugin.manifests.partition(":")
    try:
        module_file = importlib.import_module(package).__file__
    except ImportError as error:
        raise errors.InputError(f"manifests {plugin.manifests!r}: {error}") from error
    folder = pathlib.Path(module_file or "").parent / name
    if not any(folder.glob("*.yaml")):
        raise errors.InputError(
            f"manifests {plugin.manifests!r}: {folder} holds no .yaml file. Include the folder in "
            "the wheel"
        )
    return folder


def folders(plugins: Iterable[type[api.Plugin] | api.Plugin]) -> tuple[pathlib.Path, ...]:
    """The folders with the definitions of the core and of these plugins."""
    own = (plugin_folder(plugin) for plugin in plugins)
    return (core_folder("crds"), *dict.fromkeys(folder for folder in own if folder))


def read(folder: pathlib.Path) -> tuple[Object, ...]:
    """All objects in the YAML files of a folder, by file name. Raises InputError."""
    return tuple(each for file in sorted(folder.glob("*.yaml")) for each in documents(file))


def documents(file: pathlib.Path) -> Iterator[Object]:
    """The objects in one file. Raises InputError."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # of libyaml: ten times faster
    try:
        for document in yaml.load_all(file.read_text(), Loader=loader):
            if not _is_object(document):
                raise errors.InputError(f"{file}: a document without apiVersion, kind or name")
            yield document
    except yaml.YAMLError as error:
        raise errors.InputError(f"{file}: {error}") from error


def _is_object(document: Any) -> bool:
    return (
        isinstance(document, dict)
        and all(isinstance(document.get(key), str) for key in ("apiVersion", "kind"))
        and isinstance(document.get("metadata"), dict)
        and isinstance(document["metadata"].get("name"), str)
    )
