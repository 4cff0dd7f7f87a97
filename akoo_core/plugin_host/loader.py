"""Finds plugins by their entry points and makes those that were chosen.

``--plugins`` is an allow list: plugins that are not chosen are not imported. Any mistake of a
chosen plugin ends the process before anything is touched; an operator with half of its plugins
would be worse than none. pluggy's own loader is not used: one broken entry point would abort it for
all, and a second distribution that offers the same name would be dropped in silence.
A choice can also name a class in a file (``files``), for development.
"""

from __future__ import annotations

import difflib
import traceback
from collections.abc import Callable, Iterable, Sequence
from importlib import metadata
from typing import Any, NamedTuple

from akoo_core import errors, settings
from akoo_core.plugin import api, commands
from akoo_core.plugin.errors import describe
from akoo_core.plugin_host import contract, files, offers, order, registry

ALL = "all"
NONE = "none"


class Installed(NamedTuple):
    """One plugin that could be chosen: its name, and the distribution it comes from."""

    name: str
    dist: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} ({self.dist} {self.version})"


Point = metadata.EntryPoint | files.PluginFile
"""The place of a plugin's class."""


def installed(*choices: str) -> tuple[Installed, ...]:
    """Every plugin on this machine, and those in files that the choices name, by name; nothing of
    them is imported. Raises InputError where such a file is missing."""
    return tuple(sorted({_installed(point) for point in _points(choices)}))


def load(
    loaded: settings.LoadedSettings, *, left_out: Callable[[str], None] | None = None
) -> registry.PluginSet:
    """Import, check, configure and order the plugins of ``enabledPlugins``.

    ``left_out`` gets a sentence for each plugin that cannot be made because a setting without a
    default is missing; without it that is an error, too. Raises InputError, one line, for a wrong
    choice and for every mistake of a plugin or of its settings.
    """
    choices = loaded.settings.enabled_plugins
    known = installed(*choices)
    names = choose(choices, known)
    for name in loaded.plugin_names:
        if name not in {plugin.name for plugin in known}:
            raise errors.InputError(f"plugins.{name}: {_unknown(name, known)}")
    points = {point.name: point for point in _points(choices)}
    made: list[api.Plugin] = []
    for name in names:
        try:
            made.append(_make(points[name], loaded))
        except errors.UnchosenError as error:
            if left_out is None:
                raise
            left_out(f"plugin {name} is left out: {error}")
    return registry.PluginSet(made)


def chosen(choice: str) -> Installed:
    """The plugin of that name, or in that file; not imported. Raises InputError."""
    known = installed(choice)
    (name,) = choose([choice], known)
    return next(plugin for plugin in known if plugin.name == name)


def import_class(choice: str) -> type[api.Plugin]:
    """The class of one plugin, not checked yet. Raises InputError."""
    point = _point(choice)
    return _import(point, _who(point))


def classes(choices: Sequence[str]) -> dict[str, type[api.Plugin]]:
    """The classes of the chosen plugins by name, in the order of lives verbs; none is made, so
    settings may be missing. Raises InputError."""
    points = {point.name: point for point in _points(choices)}
    kinds = {
        name: _checked(points[name], _who(points[name]))
        for name in choose(choices, installed(*choices))
    }
    names = order.order([order.declared_by(kind, name) for name, kind in kinds.items()])
    return {name: kinds[name] for name in names}


def import_offer(offer: offers.Offer) -> api.PluginAnnotation | commands.CommandGroup:
    """The annotation that a command writes, or a group of commands. Raises InputError."""
    where = f'command "{offer.command}" of {offer}'
    loaded = _load(offer.point, where)
    if isinstance(loaded, commands.CommandGroup):
        if problems := tuple(contract.group_problems(loaded)):
            raise errors.InputError(f"{where}: {'; '.join(problems)}")
        return loaded
    if not isinstance(loaded, api.PluginAnnotation):
        raise errors.InputError(
            f"{where}: {offer.point.value} must be a PluginAnnotation or a CommandGroup"
        )
    if problems := tuple(contract.annotation_problems(loaded)):
        raise errors.InputError(f"{where}: {'; '.join(problems)}")
    return loaded


def make(choice: str, loaded: settings.LoadedSettings) -> api.Plugin:
    """One plugin by itself: checked and made, but not ordered. Raises InputError."""
    return _make(_point(choice), loaded)


def choose(choices: Sequence[str], known: Iterable[Installed]) -> tuple[str, ...]:
    """The names of the chosen plugins, in the order given; ``all`` means all, by name.

    Raises InputError when nothing, an unknown plugin, or one of two with the same name is chosen.
    """
    known = tuple(known)
    if not choices:
        raise errors.InputError(
            f"no plugins are chosen. {_listed(known)} "
            "Name them (--plugins ako,avi), or say --plugins all or --plugins none"
        )
    if {ALL, NONE} & set(choices):
        if len(choices) > 1:
            raise errors.InputError(f"--plugins {','.join(choices)}: all and none stand alone")
        choices = sorted({plugin.name for plugin in known}) if choices[0] == ALL else ()
    names = tuple(_name(choice) for choice in choices)
    for name in names:
        offers = [plugin for plugin in known if plugin.name == name]
        if not offers:
            raise errors.InputError(_unknown(name, known))
        if len(offers) > 1:
            listed = ", ".join(f"{offer.dist} {offer.version}" for offer in offers)
            raise errors.InputError(
                f'two distributions offer a plugin "{name}": {listed}. Uninstall one of them'
            )
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise errors.InputError(f'--plugins {",".join(choices)}: "{twice}" is named twice')
    return names


def _unknown(name: str, known: Sequence[Installed]) -> str:
    near = difflib.get_close_matches(name, [plugin.name for plugin in known], n=1)
    hint = f' Did you mean "{near[0]}"?' if near else ""
    return f'no plugin "{name}". {_listed(known)}{hint}'


def _listed(known: Sequence[Installed]) -> str:
    return f"Installed: {', '.join(map(str, known)) if known else 'none'}."


def _name(choice: str) -> str:
    file = files.parse(choice)
    return choice if file is None else file.name


def _points(choices: Iterable[str] = ()) -> tuple[Point, ...]:
    named = (files.parse(choice) for choice in choices)
    points: tuple[Point, ...] = tuple(metadata.entry_points(group=api.ENTRY_POINT_GROUP))
    return (*points, *(file for file in named if file is not None))


def _point(choice: str) -> Point:
    name = chosen(choice).name
    return next(point for point in _points([choice]) if point.name == name)


def _installed(entry_point: Point) -> Installed:
    dist = entry_point.dist
    if isinstance(entry_point, files.PluginFile):
        return Installed(entry_point.name, str(entry_point.path), "file")
    if dist is None:
        return Installed(entry_point.name, "unknown distribution", "")
    return Installed(entry_point.name, dist.name, dist.version)


def _make(entry_point: Point, loaded: settings.LoadedSettings) -> api.Plugin:
    """The plugin of an entry point, checked and made with its settings."""
    who = _who(entry_point)
    cls = _checked(entry_point, who)
    for offer in _offers(entry_point):
        loaded_offer = import_offer(offer)
        if isinstance(loaded_offer, commands.CommandGroup):
            written = loaded_offer.annotations
        else:
            written = (loaded_offer,)
        if any(annotation not in cls.annotations for annotation in written):
            raise errors.InputError(
                f'{who}: its command "{offer.command}" writes an annotation that the plugin does '
                f"not declare ({offer.point.value}); add it to {cls.__name__}.annotations"
            )
    section = loaded.plugin(entry_point.name, cls.settings_type)
    try:
        plugin = cls(section)
    except errors.InputError:
        raise  # a setting that the plugin itself refuses; the message says which
    except Exception as error:
        raise errors.InputError(
            f"{who} cannot be made: {describe(error)}{_raised_at(error)}"
        ) from error
    plugin.name = entry_point.name
    return plugin


def _checked(entry_point: Point, who: str) -> type[api.Plugin]:
    """The class of an entry point. Raises InputError where it breaks the contract."""
    cls = _import(entry_point, who)
    problems = contract.problems(entry_point.name, cls)
    if problems:
        raise errors.InputError(f"{who}: {'; '.join(problems)}")
    return cls


def _offers(entry_point: Point) -> tuple[offers.Offer, ...]:
    """The commands of an installed plugin; a file has none."""
    return () if isinstance(entry_point, files.PluginFile) else offers.of_plugin(entry_point.name)


def _who(entry_point: Point) -> str:
    return f'plugin "{entry_point.name}" ({str(_installed(entry_point)).partition("(")[2]}'


def _import(entry_point: Point, who: str) -> type[api.Plugin]:
    loaded = _load(entry_point, who)
    if not isinstance(loaded, type) or not issubclass(loaded, api.Plugin):
        raise errors.InputError(
            f"{who}: {entry_point.value} must be a class derived from {api.__name__}.Plugin, "
            f"but is {_kind_of(loaded)} ({contract.where(loaded)})"
        )
    return loaded


def _load(entry_point: Point, who: str) -> Any:
    try:
        return entry_point.load()
    except (Exception, SystemExit) as error:
        raise errors.InputError(
            f"{who} cannot be imported from {entry_point.value}: "
            f"{describe(error, last=True)}{_raised_at(error)}"
        ) from error


def _kind_of(loaded: object) -> str:
    if isinstance(loaded, type):
        return f"the class {loaded.__name__}"
    return f"of type {type(loaded).__name__}"


def _raised_at(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
