"""Annotations of records by which people ask plugins for something, read strictly. Pure.

``<plugin>.akoo.io/<name>`` reaches the plugin if it declares the name and the value is right. Any
other annotation of ours that nobody knows has no effect, and AnnotationsAccepted names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from akoo_core import errors
from akoo_core.objects import names
from akoo_core.plugin import api
from akoo_core.reconcile.decide import user_annotations

Declared = Mapping[str, tuple[api.PluginAnnotation, ...]]
"""The declarations of the selected plugins, by plugin."""

_SUFFIX = f".{names.GROUP}"


def key_of(plugin: str, name: str) -> str:
    """The whole name of an annotation."""
    return f"{plugin}{_SUFFIX}/{name}"


def declared(plugins: Iterable[api.Plugin]) -> Declared:
    """The declarations of these plugins."""
    return {plugin.name: type(plugin).annotations for plugin in plugins}


def of_plugin(annotations: Mapping[str, str], plugin: api.Plugin) -> dict[str, str]:
    """The annotations that the plugin gets, by their short names."""
    keys = {
        declaration.name: key_of(plugin.name, declaration.name)
        for declaration in type(plugin).annotations
        if not declaration.problem(annotations.get(key_of(plugin.name, declaration.name), ""))
    }
    return {name: annotations[key] for name, key in keys.items()}


def consumed(
    plugin: str, handled: Iterable[str], seen: Mapping[str, str], now: Mapping[str, str]
) -> tuple[str, ...]:
    """The annotations to remove: those that were handled, with the value that was ``seen``."""
    keys = (key_of(plugin, name) for name in dict.fromkeys(handled))
    return tuple(key for key in keys if key in seen and now.get(key) == seen[key])


def of_plugins(annotations: Mapping[str, str]) -> tuple[str, ...]:
    """All annotations for plugins, known or not: a new life of a record begins without them."""
    return tuple(key for key in annotations if _plugin_of(key) is not None)


def problems(annotations: Mapping[str, str], plugins: Declared) -> Iterator[str]:
    """One sentence for each annotation of ours without effect, with the reason."""
    for key, value in sorted(annotations.items()):
        plugin = _plugin_of(key)
        if plugin is not None:
            yield from _of_plugin_problem(key, value, plugin, plugins)
        elif key.startswith(f"{names.GROUP}/") and key not in user_annotations.KNOWN:
            near = errors.near(key, user_annotations.KNOWN)
            yield f"{key} is no annotation of a record: no effect.{near}"


def _of_plugin_problem(key: str, value: str, plugin: str, plugins: Declared) -> Iterator[str]:
    if plugin not in plugins:
        near = errors.near(plugin, plugins)
        yield f'{key}: no plugin "{plugin}" is selected: no effect.{near}'
        return
    declarations = {key_of(plugin, known.name): known for known in plugins[plugin]}
    if key not in declarations:
        near = errors.near(key, declarations)
        yield f'{key} is no annotation of plugin "{plugin}": no effect.{near}'
    elif wrong := declarations[key].problem(value):
        yield f"{key} {wrong}: no effect."


def _plugin_of(key: str) -> str | None:
    """The plugin that an annotation is for; None for any other annotation."""
    domain, slash, _ = key.partition("/")
    return domain.removesuffix(_SUFFIX) if slash and domain.endswith(_SUFFIX) else None
