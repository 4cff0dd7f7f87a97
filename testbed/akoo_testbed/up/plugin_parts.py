"""The further parts of the bed that plugins need, as their chapters of the sandbox name them.

A plugin is an entry point; its class names a chapter in `chapter`, as `module:NAME`, and the
chapter its parts in `needs`. The bed imports neither by name.
"""

import importlib
import typing
from collections.abc import Iterable
from importlib import metadata

from akoo_testbed import errors

GROUP: typing.Final = "akoo_core.plugins"
VCSIM: typing.Final = "vcsim"
OPENBAO: typing.Final = "openbao"
KNOWN: typing.Final = (VCSIM, OPENBAO)
"""The parts that `up` can start."""


def of(plugins: Iterable[str]) -> tuple[str, ...]:
    """The parts that these plugins need, in the order of KNOWN. Raises TestbedError."""
    points = metadata.entry_points(group=GROUP)
    wanted: set[str] = set()
    for name in plugins:
        matching = [point for point in points if point.name == name]
        if not matching:
            installed = ", ".join(sorted({point.name for point in points})) or "none"
            raise errors.TestbedError(f'plugin "{name}" is not installed. Installed: {installed}')
        wanted |= set(_needs(name, matching[0]))
    unknown = wanted - set(KNOWN)
    if unknown:
        raise errors.TestbedError(
            f"{', '.join(sorted(unknown))}: the test bed cannot start that. It has: "
            f"{', '.join(KNOWN)}"
        )
    return tuple(part for part in KNOWN if part in wanted)


def _needs(name: str, point: metadata.EntryPoint) -> tuple[str, ...]:
    try:
        place = getattr(point.load(), "chapter", "")
        if not place:
            return ()
        module, _, attribute = place.partition(":")
        return tuple(getattr(importlib.import_module(module), attribute).needs)
    except (ImportError, AttributeError) as error:
        raise errors.TestbedError(
            f'the chapter of plugin "{name}" cannot be loaded: {error}'
        ) from (error)
