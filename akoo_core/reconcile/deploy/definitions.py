"""CustomResourceDefinitions of which there is one per cluster, whoever made it. Pure.

Ours are those that carry our record's label, and those whose versions our field manager has applied
(earlier releases of akoo-core overwrote the definitions of others). All others are shared: they are
left as they are if they serve what is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from akoo_core import structs
from akoo_core.kube import client as client_
from akoo_core.kube.resource import Resource
from akoo_core.objects import names
from akoo_core.reconcile.deploy import schemas

_NAMED = 5
"""So many fields or objects are named in a message; the others are counted."""


_BELOW = ("properties", "items", "additionalProperties")


class Decision(NamedTuple):
    """What to do about a definition that is there already."""

    apply: bool
    marked: bool = False
    """Applied with our labels."""
    note: str = ""
    """What a person should know about one that is left."""
    problem: str = ""
    """Why one that is left cannot be used."""


class Unfit(NamedTuple):
    """Stored objects that a new schema would refuse or prune."""

    looked_at: int = 0
    more: bool = False
    """There are more objects, which were not looked at."""
    refused: tuple[str, ...] = ()
    """By namespace/name, each with the first reason."""
    pruned: tuple[str, ...] = ()
    failed: str = ""
    """Why they could not all be read."""

    def __bool__(self) -> bool:
        return bool(self.refused or self.pruned or self.failed)


def decide(wanted: structs.JSON, live: structs.JSON, record_name: str) -> Decision:
    """What becomes of ``live``, where ``wanted`` is asked for."""
    owner = (live["metadata"].get("labels") or {}).get(names.RECORD_LABEL)
    if owner == record_name:
        return Decision(apply=True, marked=True)
    if _written_by_us(live) and (owner is None or _is_bare(live)):
        return Decision(apply=True)
    problem = _unserved(wanted, live)
    if problem:
        return Decision(apply=False, problem=problem)
    missing = list(_missing(wanted, live))
    return Decision(apply=False, note=_lacking(live, missing) if missing else "")


def _written_by_us(live: structs.JSON) -> bool:
    return any(
        entry.get("manager") == client_.FIELD_MANAGER
        and entry.get("operation") == "Apply"
        and "f:versions" in ((entry.get("fieldsV1") or {}).get("f:spec") or {})
        for entry in live["metadata"].get("managedFields") or ()
    )


def _is_bare(live: structs.JSON) -> bool:
    """Whether no version says anything about its spec."""
    return not any("properties" in _spec_schema(version) for version in live["spec"]["versions"])


def _spec_schema(version: structs.JSON) -> structs.JSON:
    found: structs.JSON = (_schema(version).get("properties") or {}).get("spec") or {}
    return found


def _schema(version: structs.JSON) -> structs.JSON:
    found: structs.JSON = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    return found


def _served(definition: structs.JSON) -> dict[str, structs.JSON]:
    return {
        version["name"]: version
        for version in definition["spec"]["versions"]
        if version.get("served", True)
    }


def _unserved(wanted: structs.JSON, live: structs.JSON) -> str:
    """Why ``live`` cannot stand for ``wanted``; "" if it can."""
    for name in ("group", "scope"):
        if live["spec"].get(name) != wanted["spec"].get(name):
            return f"its {name} is {live['spec'].get(name)}, needed is {wanted['spec'].get(name)}"
    missing = sorted(_served(wanted).keys() - _served(live).keys())
    return f"it does not serve {', '.join(missing)}" if missing else ""


def _missing(wanted: structs.JSON, live: structs.JSON) -> Iterator[str]:
    """What the schemas of ``live`` lack, the same in two versions once."""
    theirs = _served(live)
    seen: set[str] = set()
    for name, version in _served(wanted).items():
        for lack in _lacks(_schema(version), _schema(theirs[name])):
            if lack not in seen:
                seen.add(lack)
                yield lack


def _lacking(live: structs.JSON, missing: list[str]) -> str:
    return (
        f"CustomResourceDefinition {live['metadata']['name']} was not made by this record and is "
        f"left as it is; it lacks {_named(missing)}."
    )


def _lacks(wanted: structs.JSON, live: structs.JSON, path: str = "") -> Iterator[str]:
    """What schema ``live`` does not have of schema ``wanted``: ``spec.port: minimum 1``.

    Descriptions, and what only ``live`` has, do not count.
    """
    for keyword, value in wanted.items():
        if keyword == "required":
            missing = sorted(set(value) - set(live.get("required") or ()))
            yield from (f"{path}.{name}: required".lstrip(".") for name in missing)
        elif keyword not in _BELOW and live.get(keyword) != value:
            yield f"{path or 'object'}: {keyword} {_short(value)}"
    for keyword, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(wanted.get(keyword), dict):
            below = live.get(keyword)
            yield from _lacks(
                wanted[keyword], below if isinstance(below, dict) else {}, path + mark
            )
    fields = live.get("properties") or {}
    for name, inner in (wanted.get("properties") or {}).items():
        where = f"{path}.{name}".lstrip(".")
        if name in fields:
            yield from _lacks(inner, fields[name], where)
        else:
            yield where


def _short(value: Any) -> str:
    text = structs.encode_json(value).decode()
    return text if len(text) <= 40 else f"{text[:37]}..."


def _named(items: Iterable[str]) -> str:
    every = list(items)
    rest = len(every) - _NAMED
    more = f" and {rest} more" if rest > 0 else ""
    return ", ".join(every[:_NAMED]) + more


def changes_schema(wanted: structs.JSON, live: structs.JSON) -> bool:
    """Whether objects that are stored may not fit ``wanted`` while they fit ``live``."""
    theirs = _served(live)
    return any(
        name not in theirs or _schema(version) != _schema(theirs[name])
        for name, version in _served(wanted).items()
    )


def stored_kind(wanted: structs.JSON, live: structs.JSON) -> tuple[Resource, structs.JSON] | None:
    """Where to read the objects that are stored, and the schema that they will have to fit.

    The newest version of ``wanted`` that ``live`` serves; None when there is none.
    """
    spec, theirs = wanted["spec"], _served(live)
    both = [version for version in spec["versions"] if version["name"] in theirs]
    if not both:
        return None
    kind = Resource(
        spec["group"],
        both[-1]["name"],
        spec["names"]["plural"],
        spec["names"]["kind"],
        spec["scope"] == "Namespaced",
    )
    return kind, _schema(both[-1])


def unfit(schema: structs.JSON, objects: Iterable[structs.JSON], *, more: bool) -> Unfit:
    """The objects that ``schema`` would refuse or prune."""
    refused, pruned, count = [], [], 0
    for obj in objects:
        count += 1
        _, lost, reasons = schemas.admit(schema, obj)
        metadata = obj["metadata"]
        name = "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))
        if reasons:
            refused.append(f"{name} ({reasons[0]})")
        elif lost:
            pruned.append(f"{name} ({lost[0]})")
    return Unfit(count, more, tuple(refused), tuple(pruned))


def unfit_text(name: str, found: Unfit, *, before: bool) -> str:
    """``found`` as a sentence. ``before``: the schema is not applied yet."""
    every = f"of the first {found.looked_at}" if found.more else f"of {found.looked_at}"
    parts = []
    if found.refused:
        will = "will be refused" if before else "are refused"
        parts.append(
            f"{len(found.refused)} {every} objects {will} when they are written next: "
            f"{_named(found.refused)}"
        )
    if found.pruned:
        lose = "will lose" if before else "lose"
        parts.append(f"{len(found.pruned)} {every} objects {lose} fields: {_named(found.pruned)}")
    if found.failed:
        parts.append(f"its objects could not all be read ({found.failed})")
    return f"CustomResourceDefinition {name}: {'; '.join(parts)}."
