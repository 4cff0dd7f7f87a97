"""Reads the settings file: one YAML document, whose errors are one line and quote no value."""

from __future__ import annotations

import pathlib
import re
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
                    None, None, f"the key {key.value} is here twice", key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def read(path: pathlib.Path) -> dict[str, Any]:
    """The mapping in the file; an empty file is an empty one. Raises InputError."""
    return mapping(read_text(path), str(path))


def read_text(path: pathlib.Path) -> str:
    """The text of the file. Raises InputError."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise errors.InputError(f"cannot read the settings file {path}: {reason}") from error


def mapping(text: str, origin: str) -> dict[str, Any]:
    """The mapping in the text; none at all is an empty one. Raises InputError."""
    value = parse(text, origin)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise errors.InputError(f"{origin}: must hold keys and values, such as workers: 10")
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


def line_of(text: str, path: str) -> int | None:
    """The line of ``path`` (``health.port``, ``plugins.avi.hosts[0]``) in valid YAML text.

    The line of the last step that is there; None when not even the first is.
    """
    node, line = yaml.compose(text, _Loader), None
    for step in re.findall(r"\[\d+\]|[^.\[\]]+", path):
        below = _below(node, step)
        if below is None:
            break
        place, node = below
        line = place.start_mark.line + 1
    return line


def _below(node: yaml.Node | None, step: str) -> tuple[yaml.Node, yaml.Node] | None:
    """The node that shows where a step stands, and the node of its value."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and step.startswith("["):
        index = int(step[1:-1])
        return (node.value[index], node.value[index]) if index < len(node.value) else None
    return None
