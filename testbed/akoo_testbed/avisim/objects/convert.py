"""Reads what clients send: types, defaults, unknown and newer fields, references, secrets.

Faithful mode does as real controllers do: unknown fields are dropped without a word, "true" is a
boolean, "80" a number. Strict mode refuses all of that, to find mistakes of a client.
"""

import dataclasses
import functools
import typing
from collections.abc import Callable

from akoo_testbed.avisim import versions
from akoo_testbed.avisim.objects import references, schema
from akoo_testbed.avisim.requests import problems

_READ_ONLY = frozenset(
    {"url", "uuid", "_last_modified", "configpb_attributes", "marked_for_delete", "vs_refs"}
)
_BOOLEANS = {"true": True, "false": False}

Resolve = Callable[[schema.Field, str], str | None]
"""uuid of what a reference in this field stands for, None if unset. May raise RefusedError."""


class IllTypedError(Exception):
    """A value does not fit its field."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads bodies of one request."""

    kinds: schema.Schema
    controller: versions.Version
    requested: versions.Version
    strict: bool
    ill_typed: str
    """drop, bad-pb or bad-request: what faithful mode does."""
    resolve: Resolve

    def whole(
        self, message: schema.Message, body: schema.Json, old: schema.Json | None = None
    ) -> schema.Json:
        """A complete object: defaults filled, required fields there. Raises RefusedError.

        `old` is what it replaces: secrets that are not given, or as <sensitive>, stay.
        """
        data = self.partial(message, body, old)
        for name, value in defaults(self.kinds, message, self.controller).items():
            data.setdefault(name, value)
        for field in _copied(message):
            if field.same_as in data:
                data.setdefault(field.name, data[field.same_as])
        self._check_required(message, data)
        return data

    def partial(
        self, message: schema.Message, body: schema.Json, old: schema.Json | None = None
    ) -> schema.Json:
        """Only what is given."""
        data: schema.Json = {}
        for name, value in body.items():
            field = message.fields.get(name)
            if field is None or not field.exists_in(self.controller):
                self._unknown(message, name)
                continue
            if value is None or name in _READ_ONLY:
                continue
            if field.since > self.requested:
                raise problems.newer_field(name, field.since, self.requested)
            self._take(message, field, value, data, old)
        if old is not None:
            self._keep_secrets(message, data, old)
        return data

    def _unknown(self, message: schema.Message, name: str) -> None:
        if self.strict and name not in _READ_ONLY:
            raise problems.bad_request(f"{message.name} has no field {name}")

    def _take(
        self,
        message: schema.Message,
        field: schema.Field,
        value: typing.Any,
        data: schema.Json,
        old: schema.Json | None,
    ) -> None:
        try:
            taken = self._field(field, value, old)
        except IllTypedError as error:
            self._ill_typed(f"{message.name}.{field.name}: {error}")
            return
        if taken is not None:
            data[field.name] = taken

    def _ill_typed(self, text: str) -> None:
        if self.strict or self.ill_typed == "bad-request":
            raise problems.bad_request(text)
        if self.ill_typed == "bad-pb":
            raise problems.bad_pb(text)

    def _field(self, field: schema.Field, value: typing.Any, old: schema.Json | None) -> typing.Any:
        if not field.repeated:
            inner = old.get(field.name) if old else None
            return self._single(field, value, inner if isinstance(inner, dict) else None)
        if not isinstance(value, list):
            raise IllTypedError("is a list")
        taken = []
        for each in value:
            try:
                single = self._single(field, each, None)
            except IllTypedError as error:
                self._ill_typed(f"{field.name}: {error}")
                continue
            if single is not None:
                taken.append(single)
        return taken

    def _single(
        self, field: schema.Field, value: typing.Any, old: schema.Json | None
    ) -> typing.Any:
        if field.form is schema.Form.MESSAGE:
            if not isinstance(value, dict):
                raise IllTypedError(f"is an object ({field.message})")
            return self.whole(self.kinds.messages[field.message], value, old)
        if field.form is schema.Form.REFERENCE:
            if not isinstance(value, str):
                raise IllTypedError("is a reference")
            return self.resolve(field, value)
        return _scalar(field, value, lenient=not self.strict)

    def _keep_secrets(self, message: schema.Message, data: schema.Json, old: schema.Json) -> None:
        for field in self.kinds.specials(message):
            if field.form in (schema.Form.SECRET, schema.Form.MASKED):
                value = data.get(field.name, references.SENSITIVE)
                if value == references.SENSITIVE:
                    data.pop(field.name, None)
                    if field.name in old:
                        data[field.name] = old[field.name]

    def _check_required(self, message: schema.Message, data: schema.Json) -> None:
        for field in required(message):
            if field.name not in data and field.exists_in(self.controller):
                raise problems.bad_request(f"{message.name}: {field.name} is required")


@functools.cache
def required(message: schema.Message) -> tuple[schema.Field, ...]:
    """The required fields of a message."""
    return tuple(field for field in message.fields.values() if field.required)


@functools.cache
def _copied(message: schema.Message) -> tuple[schema.Field, ...]:
    return tuple(field for field in message.fields.values() if field.same_as)


@functools.cache
def defaults(
    kinds: schema.Schema, message: schema.Message, version: versions.Version
) -> schema.Json:
    """The defaults that a release fills in, without references. Not to be changed."""
    filled: schema.Json = {}
    for field in message.fields.values():
        if field.default is None or not field.exists_in(version):
            continue
        if field.form is schema.Form.MESSAGE:
            filled[field.name] = defaults(kinds, kinds.messages[field.message], version)
        elif field.form is not schema.Form.REFERENCE:
            filled[field.name] = field.default
    return filled


def _scalar(field: schema.Field, value: typing.Any, *, lenient: bool) -> typing.Any:
    match field.form:
        case schema.Form.BOOLEAN:
            return _boolean(value, lenient=lenient)
        case schema.Form.INTEGER:
            return _integer(value, lenient=lenient)
        case schema.Form.NUMBER:
            if isinstance(value, int | float) and not isinstance(value, bool):
                return float(value)
            raise IllTypedError("is a number")
        case schema.Form.ANY:
            return value
        case schema.Form.WORD:
            if not isinstance(value, str) or value not in field.words:
                raise IllTypedError(f"is one of {', '.join(sorted(field.words))}")
            return value
    return _string(value, lenient=lenient)


def _boolean(value: typing.Any, *, lenient: bool) -> bool:
    if lenient and isinstance(value, str):
        value = _BOOLEANS.get(value.lower(), value)
    if not isinstance(value, bool):
        raise IllTypedError("is true or false")
    return value


def _integer(value: typing.Any, *, lenient: bool) -> int:
    if lenient and isinstance(value, str) and value.lstrip("-").isdecimal():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise IllTypedError("is a whole number")
    return value


def _string(value: typing.Any, *, lenient: bool) -> str:
    if lenient and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise IllTypedError("is a string")
    return value
