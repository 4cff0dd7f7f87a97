"""References: the forms in which clients write them, and what they stand for.

Accepted, as real clients send them: `/api/tenant/?name=x`, `/api/cloud?name=x`, a relative or
absolute url of an object with or without `#name`, a uuid alone.
"""

import dataclasses
import typing
import urllib.parse
from collections.abc import Callable, Iterable, Iterator

from akoo_testbed.avisim import versions
from akoo_testbed.avisim.objects import schema, store

ADMIN = "admin"
"""uuid of the tenant that always exists."""


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """The subject of a reference: a uuid or a name."""

    uuid: str = ""
    name: str = ""


def read(text: str) -> Wanted | None:
    """The subject of the reference; None if the text is no reference."""
    path, _, query = text.partition("?")
    if query:
        for part in query.split("&"):
            key, _, value = part.partition("=")
            if key == "name":
                return Wanted(name=urllib.parse.unquote(value))
            if key == "uuid":
                return Wanted(uuid=urllib.parse.unquote(value))
        return None
    last = path.partition("#")[0].rstrip("/").rpartition("/")[2]
    return Wanted(uuid=last) if last else None


def choose(candidates: Iterable[store.Stored], *, tenant: str, cloud: str) -> store.Stored | None:
    """The one that is meant among several of a name: own tenant first, then own cloud."""

    def distance(stored: store.Stored) -> tuple[bool, bool, int]:
        return stored.tenant != tenant, bool(cloud) and stored.cloud != cloud, stored.order

    return min(candidates, key=distance, default=None)


def targets(
    kinds: schema.Schema, message: schema.Message, data: schema.Json
) -> frozenset[store.Key]:
    """All that stored data refers to."""
    return frozenset(_targets(kinds, message, data))


def _targets(
    kinds: schema.Schema, message: schema.Message, data: schema.Json
) -> Iterator[store.Key]:
    for field in kinds.specials(message):
        value = data.get(field.name)
        if not value:
            continue
        values = value if field.repeated else (value,)
        if field.form is schema.Form.REFERENCE:
            for uuid in values:
                yield field.target, uuid
        elif field.form is schema.Form.MESSAGE:
            inner = kinds.messages[field.message]
            for each in values:
                yield from _targets(kinds, inner, each)


def without(
    kinds: schema.Schema, message: schema.Message, data: schema.Json, key: store.Key
) -> schema.Json:
    """Stored data without its references to one target; entries of lists that need it go."""
    out = dict(data)
    for field in kinds.specials(message):
        value = data.get(field.name)
        if not value:
            continue
        left = [
            _without_one(kinds, field, each, key)
            for each in (value if field.repeated else (value,))
        ]
        kept = [each for each in left if each is not None]
        if field.repeated:
            out[field.name] = kept
        elif kept:
            out[field.name] = kept[0]
        else:
            del out[field.name]
    return out


def _without_one(
    kinds: schema.Schema, field: schema.Field, value: typing.Any, key: store.Key
) -> typing.Any:
    """The value without the target, None if nothing sensible is left of it."""
    if field.form is schema.Form.REFERENCE:
        return None if (field.target, value) == key else value
    if field.form is not schema.Form.MESSAGE:
        return value
    inner = kinds.messages[field.message]
    left = without(kinds, inner, value, key)
    lost = any(each.required and each.name not in left for each in inner.fields.values())
    return None if lost else left


SENSITIVE = "<sensitive>"


class Writer:
    """Makes of stored data what a client reads."""

    def __init__(
        self,
        kinds: schema.Schema,
        name_of: Callable[[str, str], str],
        *,
        origin: str,
        include_name: bool,
        version: versions.Version,
        masked: bool = False,
    ) -> None:
        """`name_of` gives the name of a target; `masked`: secrets read back as <sensitive>.

        Fields that are newer than `version` are left out: a controller migrates its answers to
        the X-Avi-Version of the request.
        """
        self._kinds = kinds
        self._name_of = name_of
        self._base = f"{origin}/api/"
        self._include_name = include_name
        self._masked = masked
        self._version = version

    def reference(self, kind: str, uuid: str) -> str:
        """The url of an object, with its name if that is wanted."""
        url = f"{self._base}{kind}/{uuid}"
        return f"{url}#{self._name_of(kind, uuid)}" if self._include_name else url

    def message(self, message: schema.Message, data: schema.Json) -> schema.Json:
        """Stored data as it is read; a new dictionary."""
        out = dict(data)
        for field in self._kinds.shaped(message, self._version):
            value = data.get(field.name)
            if value is None:
                continue
            shown = None if field.since > self._version else self._value(field, value)
            if shown is None:
                del out[field.name]
            else:
                out[field.name] = shown
        return out

    def _value(self, field: schema.Field, value: object) -> object:
        if isinstance(value, list):
            if field.form is schema.Form.SECRET:
                return None
            return [self._single(field, each) for each in value]
        return self._single(field, value)

    def _single(self, field: schema.Field, value: object) -> object:
        if field.form is schema.Form.REFERENCE:
            return self.reference(field.target, str(value))
        if field.form is schema.Form.MESSAGE and isinstance(value, dict):
            return self.message(self._kinds.messages[field.message], value)
        if field.form not in (schema.Form.SECRET, schema.Form.MASKED):
            return value
        if field.form is schema.Form.MASKED or self._masked:
            return SENSITIVE
        return None
