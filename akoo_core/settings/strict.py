"""Strict decoding: unknown keys name the nearest known one, and secrets are never values.

Used for the operator's settings, for ``plugins.<name>`` in them, and for ``spec.plugins.<name>`` in
an AKODeploymentConfig. No message ever quotes a value under a key that is named like a secret.
"""

from __future__ import annotations

import difflib
import re
import typing
from typing import Annotated, Any, TypeVar

from akoo_core import structs
from akoo_core.settings import shape, wording

K = TypeVar("K", bound=structs.StrictStruct)

_REFERENCE = "akoo-core: names a secret, is none"

REFERENCE_WANTED = "a secret does not belong here"
"""The beginning of the problem where a value stands instead of a reference."""

Reference = Annotated[str, _REFERENCE]
"""Text that names a secret instead of being one: the type of a field such as ``tokenSecret``."""


class SecretRef(structs.StrictStruct, frozen=True, kw_only=True):
    """One key of a Secret in the management cluster: a secret in settings."""

    namespace: str
    """Namespace of the Secret; must be one of ``allowedSecretNamespaces``."""
    name: str
    """Name of the Secret."""
    key: str
    """Key in the Secret's data."""


_SECRET_KEY = re.compile(
    r"(password|passwd|passphrase|token|secret|credential|apikey|privatekey)s?$"
)


def decode(value: Any, kind: type[K], *, path: str) -> K:
    """``value`` (plain JSON or YAML values) as a ``kind``; a key without a value is left out.

    Raises structs.DecodeError with the path, ``path`` before it: for unknown keys, for wrong types,
    and for values where only a reference to a secret may stand.
    """
    cleaned = _without_nulls(value)
    _check(cleaned, kind, path)
    try:
        return structs.convert(cleaned, kind, path=path)
    except structs.DecodeError as error:
        below = error.path.removeprefix(path).lstrip(".")
        problem = wording.translate(error.problem, wording.type_at(kind, below))
        raise structs.DecodeError(error.path, problem) from error


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_nulls(element) for key, element in value.items() if element is not None
        }
    if isinstance(value, list):
        return [_without_nulls(element) for element in value]
    return value


def _check(value: Any, kind: Any, path: str) -> None:
    """Walks value and type together; what does not fit the type is left to the conversion."""
    struct = shape.struct_of(kind)
    if isinstance(value, list):
        for index, element in enumerate(value):
            _check(element, shape.element_of(kind), f"{path}[{index}]")
    if not isinstance(value, dict):
        return
    known = {field.key: field.type for field in structs.fields(struct)} if struct else {}
    for key, element in value.items():
        below = f"{path}.{key}" if path else str(key)
        if not isinstance(key, str):
            raise structs.DecodeError(below, "keys must be text")
        if struct is not None and key not in known:
            raise structs.DecodeError(below, unknown(key, tuple(known)))
        expected = known[key] if struct is not None else shape.element_of(kind)
        if _is_secret(key, element) and not _is_reference(expected):
            raise structs.DecodeError(
                below,
                f"{REFERENCE_WANTED}; put it into a Secret and refer to that"
                f"{_where_to_refer(expected)}",
            )
        _check(element, expected, below)


def unknown(key: str, known: tuple[str, ...]) -> str:
    """``no such key; did you mean "port"?``, or what there is."""
    near = difflib.get_close_matches(key, known, n=1)
    if near:
        return f'no such key; did you mean "{near[0]}"?'
    return f"no such key; there are: {', '.join(sorted(known))}" if known else "no such key"


def _is_secret(key: str, value: Any) -> bool:
    if not _SECRET_KEY.search(shape.plain(key)):
        return False
    values = value if isinstance(value, list) else [value]
    return any(
        isinstance(element, str | int | float) and not isinstance(element, bool) and element != ""
        for element in values
    )


def _is_reference(kind: Any) -> bool:
    if shape.is_list(kind):
        return _is_reference(shape.element_of(kind))
    parts = typing.get_args(kind) if typing.get_origin(kind) is not Annotated else (kind,)
    return any(
        typing.get_origin(part) is Annotated and _REFERENCE in typing.get_args(part)
        for part in parts
    )


def _where_to_refer(kind: Any) -> str:
    struct = shape.struct_of(kind)
    if struct is None:
        return ""
    return f" by {{{', '.join(f'{field.key}: ...' for field in structs.fields(struct))}}}"
