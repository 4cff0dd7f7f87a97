"""Plugins in a single file, for development: ``./shelf.py:ShelfPlugin`` instead of a name.

The file needs no distribution and no entry point. Its name is the plugin's name, with hyphens for
underscores: ``my_shelf.py`` is ``my-shelf``.
"""

from __future__ import annotations

import importlib.util
import pathlib
import sys
from typing import Any, NamedTuple

from akoo_core import errors

_SUFFIX = ".py"


class PluginFile(NamedTuple):
    """A plugin class in a file, in place of an entry point."""

    path: pathlib.Path
    attribute: str

    @property
    def name(self) -> str:
        """The plugin's name."""
        return self.path.stem.replace("_", "-")

    @property
    def value(self) -> str:
        """As a person wrote it."""
        return f"{self.path}:{self.attribute}"

    @property
    def dist(self) -> None:
        """No distribution has it."""
        return None

    def load(self) -> Any:
        """The object of that name in the file. Raises what the file raises, or AttributeError."""
        module_name = self.path.stem
        spec = importlib.util.spec_from_file_location(module_name, self.path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{self.path} cannot be imported")
        module = importlib.util.module_from_spec(spec)
        # Types are resolved by module name, and a second load of the file is the same class.
        if (loaded := sys.modules.get(module_name)) is not None:
            if getattr(loaded, "__file__", None) != str(self.path):
                raise ImportError(
                    f"a module {module_name} exists already ({getattr(loaded, '__file__', '')}). "
                    "Rename the file"
                )
            return getattr(loaded, self.attribute)
        sys.modules[module_name] = module
        try:
            spec.loader.exec_module(module)
            return getattr(module, self.attribute)
        except BaseException:
            del sys.modules[module_name]
            raise


def parse(choice: str) -> PluginFile | None:
    """The file that ``choice`` names; None for the name of an installed plugin.

    Raises InputError where the file or the class is missing.
    """
    path, _, attribute = choice.rpartition(":") if ":" in choice else (choice, "", "")
    if not path.endswith(_SUFFIX):
        return None
    if not attribute:
        raise errors.InputError(f"{choice}: name the class, too: {path}:ShelfPlugin")
    file = pathlib.Path(path).resolve()
    if not file.is_file():
        raise errors.InputError(f"{choice}: there is no file {file}")
    return PluginFile(file, attribute)
