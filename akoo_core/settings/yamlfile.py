"""Reads the settings file: one YAML document, whose errors are one line and quote no value."""

from __future__ import annotations

import pathlib
from collections.abc import Hashable
from typing import Any

import yaml

from akoo_core import errors


class _Loader(yaml.SafeLoader):
    """Plain values only, and no key twice: YAML would silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value} stands here twice", key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def read(path: pathlib.Path) -> dict[str, Any]:
    """The mapping in the file; an empty file is an empty one. Raises InputError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise errors.InputError(f"cannot read the settings file {path}: {reason}") from error
    value = parse(text, str(path))
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise errors.InputError(f"{path}: must hold keys and values, such as workers: 10")
    return value


def parse(text: str, origin: str) -> Any:
    """The value of YAML text. Raises InputError naming ``origin`` and the line."""
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - derived from SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise errors.InputError(f"{origin}{line}: not YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise errors.InputError(f"{origin}: not YAML: {type(error).__name__}") from None
