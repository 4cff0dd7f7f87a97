"""The list of all settings, read from the model itself, for the documentation."""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import re
import textwrap
import types
import typing
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from akoo_core import structs
from akoo_core.settings import model, shape, strict

_WORDS = {str: "text", int: "integer", float: "number", bool: "true or false", Any: "anything"}


class SettingEntry(NamedTuple):
    """One setting: ``health.port``, its type, its default (None: none), its meaning."""

    path: str
    type: str
    default: Any
    doc: str

    @property
    def variable(self) -> str:
        """The environment variable that sets it: ``AKOO_HEALTH__PORT``."""
        parts = (re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", part) for part in self.path.split("."))
        return "AKOO_" + "__".join(part.replace("-", "_").upper() for part in parts)


def reference(
    kind: type[structs.StrictStruct] = model.Settings, prefix: str = ""
) -> list[SettingEntry]:
    """Every setting below ``kind``, in the order of declaration.

    For a plugin: its ``settings_type`` with ``plugins.<name>``, or its ``config_type`` with
    ``spec.plugins.<name>``.
    """
    entries: list[SettingEntry] = []
    docs = _docs(kind)
    for field in structs.fields(kind):
        path = f"{prefix}.{field.key}" if prefix else field.key
        below = shape.struct_of(field.type)
        if below is not None and not issubclass(below, strict.SecretRef):
            entries.extend(reference(below, path))
            continue
        default = None if field.required else structs.to_plain(field.default)
        entries.append(SettingEntry(path, _words(field.type), default, docs.get(field.name, "")))
    return entries


@functools.cache
def _docs(kind: type[structs.StrictStruct]) -> Mapping[str, str]:
    """The docstring below each field, which Python itself does not keep."""
    docs: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if not issubclass(base, structs.StrictStruct) or base is structs.StrictStruct:
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        statements = body.body if isinstance(body, ast.ClassDef) else []
        for before, after in itertools.pairwise(statements):
            if (
                isinstance(before, ast.AnnAssign)
                and isinstance(before.target, ast.Name)
                and isinstance(after, ast.Expr)
                and isinstance(after.value, ast.Constant)
                and isinstance(after.value.value, str)
            ):
                docs[before.target.id] = inspect.cleandoc(after.value.value)
    return docs


def _words(kind: Any) -> str:
    """A type as a reader of settings knows it."""
    origin = typing.get_origin(kind)
    if origin is Annotated:
        return _words(typing.get_args(kind)[0])
    if isinstance(kind, types.UnionType) or origin is typing.Union:
        parts = [member for member in typing.get_args(kind) if member is not types.NoneType]
        return " or ".join(_words(part) for part in parts)
    if origin is Literal:
        return " or ".join(f'"{member}"' for member in typing.get_args(kind))
    if shape.is_list(kind):
        return f"list of {_words(shape.element_of(kind))}"
    if shape.is_map(kind):
        return f"map of {_words(shape.element_of(kind))}"
    if shape.struct_of(kind) is strict.SecretRef:
        return "reference to a Secret"
    return _WORDS.get(kind, getattr(kind, "__name__", str(kind)))
