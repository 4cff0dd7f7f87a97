"""Objects in YAML text that a program of others wrote: bounded, and only what JSON can express."""

from __future__ import annotations

import math
from typing import Any, Final

import yaml

VALUES: Final = 500_000
"""Values of all documents, each counted as often as it is used."""
DEPTH: Final = 64

_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ManifestError(Exception):
    """The text has no objects. The message names the problem and quotes nothing."""


class _Loader(_BASE):  # type: ignore[misc]
    """Dates stay texts, as JSON has them."""


_Loader.yaml_implicit_resolvers = {
    letter: [row for row in rows if row[0] != "tag:yaml.org,2002:timestamp"]
    for letter, rows in _BASE.yaml_implicit_resolvers.items()
}


def decode_manifests(text: str) -> tuple[Any, ...]:
    """The documents, without empty ones. Raises ManifestError."""
    try:
        documents = [each for each in yaml.load_all(text, _Loader) if each is not None]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise ManifestError(f"{line}{error.problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ManifestError(type(error).__name__) from None
    _check(documents)
    return tuple(documents)


def _check(documents: list[Any]) -> None:
    """With aliases a few bytes expand to gigabytes, or to no end: so values are counted."""
    count, open_values = 0, [(each, 1) for each in documents]
    while open_values:
        value, depth = open_values.pop()
        count += 1
        if count > VALUES:
            raise ManifestError(f"it has more than {VALUES} values")
        if depth > DEPTH:
            raise ManifestError(f"it is deeper than {DEPTH} levels")
        if isinstance(value, dict):
            if not all(isinstance(key, str) for key in value):
                raise ManifestError("a key is not text")
            open_values += [(below, depth + 1) for below in value.values()]
        elif isinstance(value, list):
            open_values += [(below, depth + 1) for below in value]
        elif isinstance(value, float) and not math.isfinite(value):
            raise ManifestError("a number is not finite")
        elif not (value is None or isinstance(value, str | int | float | bool)):
            raise ManifestError(f"a value is of type {type(value).__name__}")
