"""Values of AKO's Helm chart in an AKODeploymentConfig, as several plugins read them. Pure.

``spec.plugins.ako.values`` takes the paths of the chart. The plugin that deploys AKO checks them.
Other plugins read some of these settings in the fields that a config has for them, so ``filled``
puts the values there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from akoo_core import structs

VALUES: Final = "plugins.ako.values"
"""The path of the values, below ``spec``."""

ValueType = Literal["text", "flag", "number", "seconds", "list", "labels", "object", "items"]
"""seconds: a number as text. list: texts. labels: texts by name. items: objects."""

_NUMBER: Final = re.compile(r"-?[0-9]{1,15}", re.ASCII)
_FLAGS: Final = {"true": True, "false": False}


class Shared(NamedTuple):
    """One value that several plugins read."""

    field: str
    """The field of a config with the same meaning, below ``spec``."""
    type: ValueType


SHARED: Final = {
    "AKOSettings.primaryInstance": Shared("extraConfigs.primaryInstance", "flag"),
    "AKOSettings.disableStaticRouteSync": Shared("extraConfigs.disableStaticRouteSync", "flag"),
    "AKOSettings.cniPlugin": Shared("extraConfigs.cniPlugin", "text"),
    "AKOSettings.vpcMode": Shared("plugins.ako.vpcMode", "flag"),
    "ControllerSettings.vrfName": Shared("plugins.ako.vrfName", "text"),
    "L7Settings.serviceType": Shared("extraConfigs.ingress.serviceType", "text"),
    "L7Settings.shardVSSize": Shared("extraConfigs.ingress.shardVSSize", "text"),
    "NetworkSettings.nodeNetworkList": Shared("extraConfigs.ingress.nodeNetworkList", "items"),
    "NetworkSettings.nsxtT1LR": Shared("extraConfigs.networksConfig.nsxtT1LR", "text"),
    "NetworkSettings.vipNetworkList": Shared("plugins.ako.vipNetworks", "items"),
}


def filled(config: structs.JSON) -> structs.JSON:
    """The config with each shared value in its field. A field that is set stays, and a value of
    another type is left out: the plugin that deploys AKO refuses both."""
    spec = config.get("spec") or {}
    values = at(spec, VALUES)
    if not isinstance(values, dict) or not values:
        return config
    fields: dict[str, Any] = {}
    for path, shared in SHARED.items():
        value = at(values, path)
        if structs.without_empty({"": value}) == {} or at(spec, shared.field) is not None:
            continue
        try:
            fields[shared.field] = typed(value, shared.type)
        except ValueError:
            continue
    return {**config, "spec": placed(spec, fields)}


def at(tree: object, path: str) -> Any:
    """The value at a path with dots, or None."""
    for name in path.split("."):
        if not isinstance(tree, dict):
            return None
        tree = tree.get(name)
    return tree


def placed(tree: structs.JSON, fields: Mapping[str, Any]) -> structs.JSON:
    """A copy of ``tree`` with the values of ``fields`` at their paths."""
    for path, value in fields.items():
        tree = _placed(tree, path.split("."), value)
    return tree


def _placed(tree: object, names: list[str], value: object) -> structs.JSON:
    below = dict(tree) if isinstance(tree, dict) else {}
    first, *rest = names
    below[first] = _placed(below.get(first), rest, value) if rest else value
    return below


def typed(value: object, kind: ValueType) -> Any:
    """``value`` as the field of a config has it: a chart takes ``"true"`` and ``true``.

    Raises ValueError with the type that is wanted.
    """
    converted = _CONVERSIONS[kind](value)
    if converted is None:
        raise ValueError(NAMES[kind])
    return converted


NAMES: Final[Mapping[ValueType, str]] = {
    "text": "a text",
    "flag": "true or false",
    "number": "a whole number",
    "seconds": "a whole number of seconds",
    "list": "a list of texts",
    "labels": "an object with texts",
    "object": "an object",
    "items": "a list of objects",
}
"""Each type in words."""


def _number(value: object) -> int | None:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _seconds(value: object) -> str | None:
    number = _number(value)
    return str(number) if number is not None and number >= 0 else None


def _flag(value: object) -> bool | None:
    return (
        _FLAGS.get(value)
        if isinstance(value, str)
        else value
        if value in (True, False) and isinstance(value, bool)
        else None
    )


def _list(value: object, kind: type) -> list[Any] | None:
    whole = isinstance(value, list | tuple) and all(isinstance(entry, kind) for entry in value)
    return list(value) if whole and isinstance(value, list | tuple) else None


def _labels(value: object) -> dict[str, str] | None:
    if not isinstance(value, dict):
        return None
    return value if all(isinstance(text, str) for pair in value.items() for text in pair) else None


_CONVERSIONS: Final[Mapping[ValueType, Any]] = {
    "text": lambda value: value if isinstance(value, str) else None,
    "flag": _flag,
    "number": _number,
    "seconds": _seconds,
    "list": lambda value: _list(value, str),
    "labels": _labels,
    "object": lambda value: value if isinstance(value, dict) else None,
    "items": lambda value: _list(value, dict),
}
