"""Typed structs and JSON: the only module that imports msgspec.

Objects of the API are decoded tolerantly (an old operator must survive a newer CRD), settings
strictly (an unknown key is an error with its path). Field names are camelCase outside and
snake_case inside; an attribute at its default is left out of the output.
"""

from __future__ import annotations

import functools
import re
from typing import Any, NamedTuple, TypeVar, cast

import msgspec

from akoo_core import errors

T = TypeVar("T")

JSON = dict[str, Any]
"""A decoded JSON object, as the Kubernetes API sends it."""

field = msgspec.field
Meta = msgspec.Meta
"""Bounds in an Annotated type: ``Annotated[int, Meta(ge=1)]``. Checked when decoded."""
UNSET = msgspec.UNSET
UnsetType = msgspec.UnsetType
Raw = msgspec.Raw
"""JSON text that is decoded later; ``bytes(raw)`` gives it."""

_NOT_YAML = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


class Struct(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An immutable value; unknown fields are ignored when it is decoded.

    Subclasses repeat ``frozen=True, kw_only=True``: msgspec inherits the first at run time but type
    checkers do not see it, and the second holds for one class only.
    """


class StrictStruct(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """An immutable value whose unknown fields are errors. For settings and plugin configuration."""


class DecodeError(errors.InputError):
    """A value does not have the shape it must have.

    ``path`` is the position in the value (``spec.plugins.ako.image``), ``problem`` the fault there.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem


class DepthError(DecodeError):
    """JSON text is nested more deeply than the decoder, or the caller, allows."""


_LOCATION = re.compile(r"^(?P<problem>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)


def _decode_error(error: msgspec.ValidationError, root: str) -> DecodeError:
    match = _LOCATION.match(str(error))
    path = (match and match["path"]) or ""
    problem = match["problem"] if match else str(error)
    inner = path.removeprefix("$").replace("[...]", "[]").lstrip(".")
    return DecodeError(f"{root}.{inner}" if root and inner else root or inner, problem)


_PLAIN: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=float)
"""msgspec itself takes 10 us for a number such as 1e300; Python takes a fifth of a microsecond."""


def decode_json(data: bytes | str) -> Any:
    """Plain values from JSON text. Raises DecodeError on text that is not JSON, or too deep."""
    try:
        return _PLAIN.decode(data)
    except (ValueError, RecursionError) as error:
        raise _failure(error) from None


def decode_as(data: bytes, kind: type[T]) -> T:
    """A ``kind`` from JSON text; unknown fields are skipped. Raises as ``decode_json``."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (ValueError, RecursionError) as error:
        raise _failure(error) from None


def _failure(error: Exception) -> DecodeError:
    """Every failure of a decoder as a DecodeError that does not quote the text."""
    if isinstance(error, RecursionError):
        return DepthError("", "nested too deeply")
    if isinstance(error, msgspec.ValidationError):
        return _decode_error(error, "")
    detail = str(error) if isinstance(error, msgspec.DecodeError) else type(error).__name__
    return DecodeError("", f"not JSON: {detail}")


def encode_json(value: Any) -> bytes:
    """Compact JSON with a fixed order of keys, so that equal values give equal bytes."""
    return msgspec.json.encode(value, order="deterministic")


def encode_yaml(value: Any) -> bytes:
    """``encode_json`` for a reader of YAML, such as the server of an apply patch.

    JSON is YAML but for some letters, which are escaped: a parser of YAML refuses them, or reads a
    line separator as a space. Letters above U+FFFF are not: YAML has no surrogate pairs.
    """
    encoded = encode_json(value)
    if encoded.isascii() and b"\x7f" not in encoded:
        return encoded
    return _NOT_YAML.sub(lambda letter: rf"\u{ord(letter[0]):04x}", encoded.decode()).encode()


def encode_as_is(value: Any) -> bytes:
    """Compact JSON, keys in their present order: for bytes that nobody compares."""
    return msgspec.json.encode(value)


def without_empty(value: Any) -> Any:
    """``value`` without null, "" and {} at any depth, which Go clients write for unset fields.

    false, 0 and [] are values. A list that has empty entries only is unset, too: it names nothing,
    and [] may mean "none of them".
    """
    if isinstance(value, dict):
        kept = {key: without_empty(field_value) for key, field_value in value.items()}
        return {key: field_value for key, field_value in kept.items() if not _unset(field_value)}
    if isinstance(value, list):
        entries = [entry for entry in map(without_empty, value) if not _unset(entry)]
        return entries if entries or not value else None
    return value


def _unset(value: Any) -> bool:
    return value is None or value in ("", {})


def convert(value: Any, kind: type[T], *, path: str = "") -> T:
    """``value`` (plain JSON values) as a ``kind``. Raises DecodeError, ``path`` before its path."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _decode_error(error, path) from error


def to_plain(value: Any) -> Any:
    """Plain JSON values (dicts, lists, text, numbers) of anything that holds structs.

    They equal the values that the API returns for them: a comparison before a write must not find a
    tuple different from its list.
    """
    return msgspec.json.decode(msgspec.json.encode(value))


def to_object(value: Struct | StrictStruct) -> JSON:
    """``to_plain`` of a struct, which is always a JSON object."""
    return cast("JSON", to_plain(value))


def replace(value: T, **changes: Any) -> T:
    """A copy of the struct ``value`` with ``changes``."""
    return cast("T", msgspec.structs.replace(cast("msgspec.Struct", value), **changes))


class FieldShape(NamedTuple):
    """One field of a struct: its name here and outside, its type, and its default if it has one."""

    name: str
    key: str
    type: Any
    required: bool
    default: Any


@functools.cache
def fields(kind: type[Struct | StrictStruct]) -> tuple[FieldShape, ...]:
    """The fields of a struct class, in the order of their declaration; types are resolved."""
    shapes = []
    for field in msgspec.structs.fields(kind):
        made = field.default_factory is not msgspec.NODEFAULT
        default = field.default_factory() if made else field.default
        shapes.append(
            FieldShape(
                name=field.name,
                key=field.encode_name,
                type=field.type,
                required=field.required,
                default=None if field.required else default,
            )
        )
    return tuple(shapes)
