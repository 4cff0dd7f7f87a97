"""Query parameters that choose objects: filters, search, references, markers.

A field that the kind does not have gives an empty list and no error, as real controllers do.
"""

import typing
from collections.abc import Callable, Iterator

from akoo_testbed.avisim.objects import references, schema, store
from akoo_testbed.avisim.requests import context

Test = Callable[[store.Stored], bool]

NOT_FILTERS = frozenset(
    {"include_name", "page", "page_size", "fields", "skip_default", "sort", "limit_by", "depth"}
    | {"exclude", "join", "join_subresources", "include_service_accounts"}
)
_MAX_DEPTH = 16
_OPERATORS = frozenset({"contains", "icontains", "in"})


class UnknownFieldError(Exception):
    """The kind has no such field."""


def tests(ctx: context.Context, kind: schema.Kind) -> list[Test] | None:
    """The tests that an object must pass; None if a field is unknown: then no object passes."""
    query = ctx.query
    inverted = set(query.get("exclude", "").split(","))
    tests: list[Test] = []
    try:
        for key, value in query.items():
            if key in NOT_FILTERS or key == "label_value":
                continue
            test = _test(ctx, kind, key, value)
            tests.append(_not(test) if key in inverted else test)
    except UnknownFieldError:
        return None
    if _hides_service_users(ctx, kind):
        tests.append(lambda stored: not stored.data.get("service_user"))
    return tests


def _hides_service_users(ctx: context.Context, kind: schema.Kind) -> bool:
    if kind.path != "user" or "include_service_accounts" in ctx.query:
        return False
    activity = ctx.request.path.startswith("/api/useractivity")
    return not activity or ctx.state.switches["activity-of-service-users"] == "asked"


def _not(test: Test) -> Test:
    return lambda stored: not test(stored)


def _test(ctx: context.Context, kind: schema.Kind, key: str, value: str) -> Test:
    match key:
        case "label_key":
            wanted = ctx.query.get("label_value")
            if wanted is None and ctx.state.switches["label-key-alone"] == "nothing":
                raise UnknownFieldError(key)
            return _marker(kind, value, wanted)
        case "search":
            return _search(ctx, kind, value, fold=False)
        case "isearch":
            return _search(ctx, kind, value, fold=True)
        case "referred_by":
            return _linked(ctx, value, _referrers)
        case "refers_to":
            return _linked(ctx, value, _targets)
    return _field(ctx, kind, key, value)


def _marker(kind: schema.Kind, key: str, value: str | None) -> Test:
    if "markers" not in kind.fields:
        raise UnknownFieldError(key)

    def test(stored: store.Stored) -> bool:
        for marker in stored.data.get("markers", ()):
            if marker["key"] == key and (value is None or value in marker.get("values", ())):
                return True
        return False

    return test


def _field(ctx: context.Context, kind: schema.Kind, key: str, value: str) -> Test:
    parts = key.split(".")
    operator = parts.pop() if parts[-1] in _OPERATORS and len(parts) > 1 else "exact"
    read = Path(ctx, kind, parts)
    matches = _matcher(operator, value)
    return lambda stored: any(matches(each) for each in read.values(stored.data))


def _matcher(operator: str, value: str) -> Callable[[str], bool]:
    match operator:
        case "contains":
            return lambda text: value in text
        case "icontains":
            folded = value.lower()
            return lambda text: folded in text.lower()
        case "in":
            wanted = frozenset(value.split(","))
            return lambda text: text in wanted
    asked = references.read(value) if value.startswith(("/api/", "http")) else None
    if asked is not None and asked.uuid:
        return lambda text: text in (asked.uuid, value)
    return lambda text: text == value or (text in ("true", "false") and text == value.lower())


class Path:
    """A dotted path into objects of a kind, through lists and references."""

    def __init__(self, ctx: context.Context, kind: schema.Kind, parts: list[str]) -> None:
        """Raises UnknownFieldError."""
        self._ctx = ctx
        self._steps: list[schema.Field] = []
        self._through = ""
        self._inside: list[str] = []
        message: schema.Message = kind
        for index, part in enumerate(parts):
            field = self._step(message, part, last=index == len(parts) - 1)
            self._steps.append(field)
            rest = parts[index + 1 :]
            if field.form is schema.Form.REFERENCE and rest:
                if rest not in (["name"], ["uuid"]):
                    raise UnknownFieldError(part)
                self._through = rest[0]
                return
            if field.form is schema.Form.ANY:
                self._inside = rest
                return
            if rest:
                if field.form is not schema.Form.MESSAGE:
                    raise UnknownFieldError(part)
                message = ctx.state.kinds.messages[field.message]

    def _step(self, message: schema.Message, part: str, *, last: bool) -> schema.Field:
        field = message.fields.get(part)
        if field is None and last and part.endswith("_uuid"):
            field = message.fields.get(f"{part.removesuffix('_uuid')}_ref")
        secret = field is not None and field.form in (schema.Form.SECRET, schema.Form.MASKED)
        if field is None or secret or not field.exists_in(self._ctx.state.profile.version):
            raise UnknownFieldError(part)
        return field

    def values(self, data: schema.Json) -> Iterator[str]:
        """All values at the path, as text."""
        reached: list[typing.Any] = [data]
        for field in self._steps:
            reached = list(_descend(reached, field.name))
        for part in self._inside:
            reached = list(_descend(reached, part))
        for value in reached:
            if self._through == "name":
                yield self._ctx.state.name_of(self._steps[-1].target, value)
            else:
                yield _text(value)


def _descend(parents: list[typing.Any], name: str) -> Iterator[typing.Any]:
    for each in parents:
        value = each.get(name) if isinstance(each, dict) else None
        if isinstance(value, list):
            yield from value
        elif value is not None:
            yield value


def _text(value: typing.Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _search(ctx: context.Context, kind: schema.Kind, value: str, *, fold: bool) -> Test:
    """`text`, or `(field,text)` several times with a bar between; `(field,)`: it is there."""
    choices: list[tuple[Path, str]] = []
    for part in value.split("|") if value.startswith("(") else (f"(name,{value})",):
        name, _, text = part.strip().removeprefix("(").removesuffix(")").partition(",")
        choices.append((Path(ctx, kind, name.strip().split(".")), text.strip()))

    whole = ctx.state.switches["search"] == "whole"

    def contains(text: str, wanted: str) -> bool:
        if fold:
            text, wanted = text.lower(), wanted.lower()
        return text == wanted if whole and wanted else wanted in text

    def test(stored: store.Stored) -> bool:
        return any(
            contains(text, wanted) for path, wanted in choices for text in path.values(stored.data)
        )

    return test


def _referrers(ctx: context.Context, key: store.Key) -> Iterator[store.Key]:
    return (each.key for each in ctx.state.objects.referrers(key))


def _targets(ctx: context.Context, key: store.Key) -> Iterator[store.Key]:
    stored = ctx.state.objects.get(*key)
    return iter(stored.targets if stored else ())


def _linked(
    ctx: context.Context,
    value: str,
    step: Callable[[context.Context, store.Key], Iterator[store.Key]],
) -> Test:
    """`kind:uuid[,...]`; kind `any`, uuid `any` or `none`; as many steps as `depth` says."""
    wanted = [tuple(part.strip().partition(":")[::2]) for part in value.split(",")]
    depth = int(ctx.query.get("depth", "1")) if ctx.query.get("depth", "1").isdecimal() else 1

    def reached(start: store.Key) -> set[store.Key]:
        seen: set[store.Key] = set()
        edge = {start}
        for _ in range(min(depth, _MAX_DEPTH)):
            edge = {new for old in edge for new in step(ctx, old)} - seen
            seen |= edge
        return seen - {start}

    def test(stored: store.Stored) -> bool:
        keys = reached(stored.key)
        return any(_any_of(keys, kind, uuid) for kind, uuid in wanted)

    return test


def _any_of(keys: set[store.Key], kind: str, uuid: str) -> bool:
    of_kind = [key for key in keys if kind in ("any", key[0])]
    if uuid == "none":
        return not of_kind
    return bool(of_kind) if uuid == "any" else any(key[1] == uuid for key in of_kind)
