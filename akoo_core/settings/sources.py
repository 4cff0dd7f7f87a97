"""Where settings come from: the file, the environment over it, the command line over both.

Text from the environment is read by the type of the field it sets. The settings of a plugin are
typed by the plugin, which is imported later; until then they are kept as they were given.
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from akoo_core import errors, structs
from akoo_core.settings import model, shape, strict, yamlfile

K = TypeVar("K", bound=structs.StrictStruct)

PREFIX = "AKOO_"
NOT_SETTINGS = ("AKOO_CONFIG", "AKOO_KUBECONFIG", "AKOO_JAEGER", "AKOO_TESTBED_")
"""Beginnings of variables that commands read themselves."""

_SERVICE_LINK = re.compile(
    r"^[A-Z0-9_]+_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_[A-Z]+)?)$"
)
"""What kubelets put into every container for a Service of the same namespace."""
_SERVICE_ADDRESS = re.compile(r"^(tcp|udp|sctp)://")


class _Given(NamedTuple):
    """One value from outside of the file. ``loose``: the key is written as in the environment."""

    origin: str
    path: tuple[str, ...]
    value: Any
    loose: bool

    @property
    def source(self) -> str:
        """Where it comes from, for a message that says the path itself."""
        return self.origin if self.loose else "command line"


class Loaded:
    """The settings that were read. ``settings`` are the core's, complete and valid."""

    def __init__(
        self, file: str, tree: Mapping[str, Any], given: Iterable[_Given], *, text: str = ""
    ) -> None:
        every = tuple(given)
        self._file = file
        self._text = text
        self._sections: dict[str, Any] = dict(tree.get("plugins") or {})
        self._given = tuple(one for one in every if _is_section(one))
        core = {key: value for key, value in tree.items() if key != "plugins"}
        rest = tuple(one for one in every if not _is_section(one))
        self.settings = self._decode(core, model.Settings, "", rest)
        for path, problem in model.contradictions(self.settings):
            raise errors.InputError(f"{self._origin(path, rest)}{path}: {problem}")

    @property
    def plugin_names(self) -> tuple[str, ...]:
        """Plugins that have settings, whether they run or not."""
        named = {str(name) for name in self._sections} | {
            self._section_name(one) for one in self._given
        }
        return tuple(sorted(named))

    def plugin(self, name: str, kind: type[K] | None) -> K | None:
        """``plugins.<name>`` as a ``kind``; None for a plugin without settings.

        Raises InputError naming source and path.
        """
        path = f"plugins.{name}"
        given = tuple(
            one._replace(path=one.path[2:])
            for one in self._given
            if self._section_name(one) == name
        )
        section = self._sections.get(name) or {}
        if kind is None:
            if section or given:
                raise errors.InputError(
                    f"{self._origin(path, given)}{path}: plugin {name} has no settings"
                )
            return None
        return self._decode(section, kind, path, given)

    def _section_name(self, one: _Given) -> str:
        name = one.path[1]
        if not one.loose:
            return name
        same = (key for key in self._sections if shape.plain(str(key)) == shape.plain(name))
        return str(next(same, name.lower().replace("_", "-")))

    def _decode(self, tree: Any, kind: type[K], path: str, given: tuple[_Given, ...]) -> K:
        placed: list[_Given] = []
        merged = tree
        for one in given:
            keys, value = _place(one, kind)
            merged = _merged(merged, keys, value)
            placed.append(one._replace(path=keys))
        try:
            return strict.decode(merged, kind, path=path)
        except structs.DecodeError as error:
            below = error.path.removeprefix(path).lstrip(".")
            origin = self._origin(below, placed, root=path)
            raise errors.InputError(f"{origin}{error}") from error

    def _origin(self, path: str, given: Iterable[_Given], *, root: str = "") -> str:
        """Who said so: the variable or flag of that path below ``root``, else file and line."""
        steps = tuple(path.replace("[", ".[").split("."))
        for one in reversed(tuple(given)):
            if steps[: len(one.path)] == one.path:
                return f"{one.source}: "
        if not self._file:
            return ""
        line = yamlfile.line_of(self._text, f"{root}.{path}")
        return f"{self._file}:{line}: " if line else f"{self._file}: "


def load(
    path: pathlib.Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Loaded:
    """Read settings. ``overrides`` are by path (``health.port``); None means not given.

    Text among overrides is read like text of the environment. Raises InputError, one line naming
    the source and the path.
    """
    text = yamlfile.read_text(path) if path is not None else ""
    tree = yamlfile.mapping(text, str(path))
    if not isinstance(tree.get("plugins") or {}, dict):
        raise errors.InputError(
            f"{path}: plugins: must hold the settings of plugins by name; "
            "which of them run is said by enabledPlugins"
        )
    given = [*_from_environment(environ or {}), *_from_overrides(overrides or {})]
    return Loaded(str(path) if path is not None else "", tree, given, text=text)


def _from_environment(environ: Mapping[str, str]) -> Iterable[_Given]:
    for name, value in sorted(environ.items()):
        if not name.startswith(PREFIX) or name.startswith(NOT_SETTINGS):
            continue
        linked = name.endswith("_PORT") and _SERVICE_ADDRESS.match(value)
        if linked or _SERVICE_LINK.match(name):
            continue
        path = tuple(name.removeprefix(PREFIX).split("__"))
        if path == ("PLUGINS",):
            path = ("ENABLED_PLUGINS",)
        yield _Given(name, path, value, loose=True)


def _from_overrides(overrides: Mapping[str, Any]) -> Iterable[_Given]:
    for name, value in overrides.items():
        if value is not None:
            yield _Given(f"command line: {name}", tuple(name.split(".")), value, loose=False)


def _is_section(one: _Given) -> bool:
    return len(one.path) > 1 and shape.plain(one.path[0]) == "plugins"


def _place(one: _Given, kind: Any) -> tuple[tuple[str, ...], Any]:
    """The real keys of a given path, and the value as the type at its end wants it."""
    keys: list[str] = []
    for segment in one.path:
        struct = shape.struct_of(kind)
        if struct is None:
            if not shape.is_map(kind):
                raise errors.InputError(f"{one.origin}: {'.'.join(keys)} has no keys below it")
            keys.append(segment.lower() if one.loose else segment)
            kind = shape.element_of(kind)
            continue
        fields = structs.fields(struct)
        found = next((field for field in fields if _same(one, field.key, segment)), None)
        if found is None:
            known = (field.name.upper() if one.loose else field.key for field in fields)
            raise errors.InputError(f"{one.origin}: {strict.unknown(segment, tuple(known))}")
        keys.append(found.key)
        kind = found.type
    value = one.value
    return tuple(keys), from_text(value, kind, one.origin) if isinstance(value, str) else value


def _same(one: _Given, key: str, segment: str) -> bool:
    return shape.plain(key) == shape.plain(segment) if one.loose else key == segment


def from_text(text: str, kind: Any, origin: str) -> Any:
    """The value that text means where a ``kind`` is expected. Lists are separated by commas."""
    if shape.takes_text(kind):
        return text
    if shape.is_list(kind) and not text.lstrip().startswith("["):
        parts = (part.strip() for part in text.split(","))
        return [from_text(part, shape.element_of(kind), origin) for part in parts if part]
    return yamlfile.parse(text, origin)


def _merged(tree: Any, keys: tuple[str, ...], value: Any) -> Any:
    if not keys:
        return value
    below = dict(tree) if isinstance(tree, dict) else {}
    below[keys[0]] = _merged(below.get(keys[0]), keys[1:], value)
    return below
