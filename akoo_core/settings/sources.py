"""Sources of settings: the file, the environment over it, the command line over both.

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
"""Variables that kubelets set in every container for a Service of the same namespace."""
_SERVICE_ADDRESS = re.compile(r"^(tcp|udp|sctp)://")


class _Entry(NamedTuple):
    """One value from outside of the file. ``loose``: the key is written as in the environment."""

    origin: str
    path: tuple[str, ...]
    value: Any
    loose: bool

    @property
    def source(self) -> str:
        """The source, for a message that names the path itself."""
        return self.origin if self.loose else "command line"


class LoadedSettings:
    """The settings that were read. ``settings`` are the core's, complete and valid."""

    def __init__(
        self, file: str, tree: Mapping[str, Any], entries: Iterable[_Entry], *, text: str = ""
    ) -> None:
        every = tuple(entries)
        self._file = file
        self._text = text
        self._sections: dict[str, Any] = dict(tree.get("plugins") or {})
        self._entries = tuple(entry for entry in every if _is_section(entry))
        core = {key: value for key, value in tree.items() if key != "plugins"}
        rest = tuple(entry for entry in every if not _is_section(entry))
        self.settings = self._decode(core, model.Settings, "", rest)
        for path, problem in model.contradictions(self.settings):
            placed = [entry._replace(path=_place(entry, model.Settings)[0]) for entry in rest]
            raise errors.InputError(f"{self._origin(path, placed)}{path}: {problem}")

    @property
    def plugin_names(self) -> tuple[str, ...]:
        """Plugins that have settings, whether they run or not."""
        named = {str(name) for name in self._sections} | {
            self._section_name(entry) for entry in self._entries
        }
        return tuple(sorted(named))

    def plugin(self, name: str, kind: type[K] | None) -> K | None:
        """``plugins.<name>`` as a ``kind``; None for a plugin without settings.

        Raises InputError naming source and path.
        """
        path = f"plugins.{name}"
        entries = tuple(
            entry._replace(path=entry.path[2:])
            for entry in self._entries
            if self._section_name(entry) == name
        )
        section = self._sections.get(name) or {}
        if kind is None:
            if section or entries:
                raise errors.InputError(
                    f"{self._origin(path, entries)}{path}: plugin {name} has no settings"
                )
            return None
        return self._decode(section, kind, path, entries)

    def _section_name(self, entry: _Entry) -> str:
        name = entry.path[1]
        if not entry.loose:
            return name
        same = (key for key in self._sections if shape.plain(str(key)) == shape.plain(name))
        return str(next(same, name.lower().replace("_", "-")))

    def _decode(self, tree: Any, kind: type[K], path: str, entries: tuple[_Entry, ...]) -> K:
        placed: list[_Entry] = []
        merged = tree
        for entry in entries:
            keys, value = _place(entry, kind)
            merged = _merged(merged, keys, value)
            placed.append(entry._replace(path=keys))
        try:
            return strict.decode(merged, kind, path=path)
        except structs.DecodeError as error:
            below = error.path.removeprefix(path).lstrip(".")
            origin = self._origin(below, placed, root=path)
            raise errors.InputError(f"{origin}{error}") from error

    def _origin(self, path: str, entries: Iterable[_Entry], *, root: str = "") -> str:
        """The variable or flag of that path below ``root``, else file and line."""
        steps = tuple(path.replace("[", ".[").split("."))
        for entry in reversed(tuple(entries)):
            if steps[: len(entry.path)] == entry.path:
                return f"{entry.source}: "
        if not self._file:
            return ""
        line = yamlfile.line_of(self._text, f"{root}.{path}")
        return f"{self._file}:{line}: " if line else f"{self._file}: "


def load(
    path: pathlib.Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> LoadedSettings:
    """Read settings. ``overrides`` are by path (``health.port``); None means not given.

    Text among overrides is read like text of the environment. Raises InputError, one line naming
    the source and the path.
    """
    text = yamlfile.read_text(path) if path is not None else ""
    tree = yamlfile.mapping(text, str(path))
    if not isinstance(tree.get("plugins") or {}, dict):
        raise errors.InputError(
            f"{path}: plugins: must hold the settings of plugins by name; "
            "enabledPlugins chooses which of them run"
        )
    entries = [*_from_environment(environ or {}), *_from_overrides(overrides or {})]
    return LoadedSettings(str(path) if path is not None else "", tree, entries, text=text)


def _from_environment(environ: Mapping[str, str]) -> Iterable[_Entry]:
    for name, value in sorted(environ.items()):
        if not name.startswith(PREFIX) or name.startswith(NOT_SETTINGS):
            continue
        linked = name.endswith("_PORT") and _SERVICE_ADDRESS.match(value)
        if linked or _SERVICE_LINK.match(name):
            continue
        path = tuple(name.removeprefix(PREFIX).split("__"))
        if path == ("PLUGINS",):
            path = ("ENABLED_PLUGINS",)
        yield _Entry(name, path, value, loose=True)


def _from_overrides(overrides: Mapping[str, Any]) -> Iterable[_Entry]:
    for name, value in overrides.items():
        if value is not None:
            yield _Entry(f"command line: {name}", tuple(name.split(".")), value, loose=False)


def _is_section(entry: _Entry) -> bool:
    return len(entry.path) > 1 and shape.plain(entry.path[0]) == "plugins"


def _place(entry: _Entry, kind: Any) -> tuple[tuple[str, ...], Any]:
    """The real keys of a given path, and the value as the type at its end wants it."""
    keys: list[str] = []
    for segment in entry.path:
        struct = shape.struct_of(kind)
        if struct is None:
            if not shape.is_map(kind):
                raise errors.InputError(f"{entry.origin}: {'.'.join(keys)} has no keys below it")
            keys.append(segment.lower() if entry.loose else segment)
            kind = shape.element_of(kind)
            continue
        fields = structs.fields(struct)
        match = next((field for field in fields if _same(entry, field.key, segment)), None)
        if match is None:
            known = (field.name.upper() if entry.loose else field.key for field in fields)
            raise errors.InputError(f"{entry.origin}: {strict.unknown(segment, tuple(known))}")
        keys.append(match.key)
        kind = match.type
    value = entry.value
    return tuple(keys), from_text(value, kind, entry.origin) if isinstance(value, str) else value


def _same(entry: _Entry, key: str, segment: str) -> bool:
    return shape.plain(key) == shape.plain(segment) if entry.loose else key == segment


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
