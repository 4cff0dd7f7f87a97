"""CustomResourceDefinitions: a cluster has each of them once, whoever made it. Pure.

Our definitions carry our record's label, or have versions that our field manager applied (earlier
releases of akoo-core overwrote the definitions of others). All others are shared: they are left
unchanged if they serve the needed versions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from akoo_core import structs
from akoo_core.kube.client import FIELD_MANAGER
from akoo_core.kube.resource import Resource
from akoo_core.objects import names
from akoo_core.reconcile.deploy import schemas

_NAMED = 5
"""So many fields or objects are named in a message; the others are counted."""


_BELOW = ("properties", "items", "additionalProperties")


class Decision(NamedTuple):
    """The decision about a definition that already exists."""

    apply: bool
    marked: bool = False
    """Applied with our labels."""
    note: str = ""
    """Differences of a definition that is left as it is; for people."""
    problem: str = ""
    """Reason why a definition that is left cannot be used."""


class Unfit(NamedTuple):
    """Stored objects that a new schema would refuse or prune."""

    looked_at: int = 0
    more: bool = False
    """There are more objects, which were not looked at."""
    refused: tuple[str, ...] = ()
    """By namespace/name, each with the first reason."""
    pruned: tuple[str, ...] = ()
    failed: str = ""
    """Error that ended the reading of the objects; "" for none."""

    def __bool__(self) -> bool:
        return bool(self.refused or self.pruned or self.failed)


def decide(wanted: structs.JSON, existing: structs.JSON, record_name: str) -> Decision:
    """Decide whether ``wanted`` is applied over ``existing``."""
    owner = (existing["metadata"].get("labels") or {}).get(names.RECORD_LABEL)
    if owner == record_name:
        return Decision(apply=True, marked=True)
    if _written_by_us(existing) and (owner is None or _is_bare(existing)):
        return Decision(apply=True)
    problem = _unserved(wanted, existing)
    if problem:
        return Decision(apply=False, problem=problem)
    missing = list(_missing(wanted, existing))
    return Decision(apply=False, note=_lacking(existing, missing) if missing else "")


def _written_by_us(existing: structs.JSON) -> bool:
    return any(
        entry.get("manager") == FIELD_MANAGER
        and entry.get("operation") == "Apply"
        and "f:versions" in ((entry.get("fieldsV1") or {}).get("f:spec") or {})
        for entry in existing["metadata"].get("managedFields") or ()
    )


def _is_bare(existing: structs.JSON) -> bool:
    """True if the schema of no version describes ``spec``."""
    return not any(
        "properties" in _spec_schema(version) for version in existing["spec"]["versions"]
    )


def _spec_schema(version: structs.JSON) -> structs.JSON:
    schema: structs.JSON = (_schema(version).get("properties") or {}).get("spec") or {}
    return schema


def _schema(version: structs.JSON) -> structs.JSON:
    schema: structs.JSON = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    return schema


def _served(definition: structs.JSON) -> dict[str, structs.JSON]:
    return {
        version["name"]: version
        for version in definition["spec"]["versions"]
        if version.get("served", True)
    }


def _unserved(wanted: structs.JSON, existing: structs.JSON) -> str:
    """Reason why ``existing`` cannot stand for ``wanted``; "" if it can."""
    for name in ("group", "scope"):
        if existing["spec"].get(name) != wanted["spec"].get(name):
            return (
                f"its {name} is {existing['spec'].get(name)}, needed is {wanted['spec'].get(name)}"
            )
    missing = sorted(_served(wanted).keys() - _served(existing).keys())
    return f"it does not serve {', '.join(missing)}" if missing else ""


def _missing(wanted: structs.JSON, existing: structs.JSON) -> Iterator[str]:
    """Fields and rules that the schemas of ``existing`` lack; each once, also if two versions lack
    it."""
    theirs = _served(existing)
    seen: set[str] = set()
    for name, version in _served(wanted).items():
        for lack in _lacks(_schema(version), _schema(theirs[name])):
            if lack not in seen:
                seen.add(lack)
                yield lack


def _lacking(existing: structs.JSON, missing: list[str]) -> str:
    name = existing["metadata"]["name"]
    return (
        f"CustomResourceDefinition {name} was not made by this record and is left as it is; it "
        f"lacks {_named(missing)}."
    )


def _lacks(wanted: structs.JSON, existing: structs.JSON, path: str = "") -> Iterator[str]:
    """Fields and rules of schema ``wanted`` that ``existing`` lacks: ``spec.port: minimum 1``.

    Descriptions, and fields that only ``existing`` has, do not count.
    """
    for keyword, value in wanted.items():
        if keyword == "required":
            missing = sorted(set(value) - set(existing.get("required") or ()))
            yield from (f"{path}.{name}: required".lstrip(".") for name in missing)
        elif keyword not in _BELOW and existing.get(keyword) != value:
            yield f"{path or 'object'}: {keyword} {_short(value)}"
    for keyword, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(wanted.get(keyword), dict):
            below = existing.get(keyword)
            yield from _lacks(
                wanted[keyword], below if isinstance(below, dict) else {}, path + mark
            )
    fields = existing.get("properties") or {}
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


def changes_schema(wanted: structs.JSON, existing: structs.JSON) -> bool:
    """True if stored objects that fit ``existing`` may not fit ``wanted``."""
    theirs = _served(existing)
    return any(
        name not in theirs or _schema(version) != _schema(theirs[name])
        for name, version in _served(wanted).items()
    )


def stored_kind(
    wanted: structs.JSON, existing: structs.JSON
) -> tuple[Resource, structs.JSON] | None:
    """Resource under which the stored objects are read, and the schema that they will have to fit.

    It has the newest version of ``wanted`` that ``existing`` serves; None when there is none.
    """
    spec, theirs = wanted["spec"], _served(existing)
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


def unfit_text(name: str, misfits: Unfit, *, before: bool) -> str:
    """``misfits`` as a sentence. ``before``: the schema is not applied yet."""
    every = f"of the first {misfits.looked_at}" if misfits.more else f"of {misfits.looked_at}"
    parts = []
    if misfits.refused:
        will = "will be refused" if before else "are refused"
        parts.append(
            f"{len(misfits.refused)} {every} objects {will} when they are written next: "
            f"{_named(misfits.refused)}"
        )
    if misfits.pruned:
        lose = "will lose" if before else "lose"
        parts.append(
            f"{len(misfits.pruned)} {every} objects {lose} fields: {_named(misfits.pruned)}"
        )
    if misfits.failed:
        parts.append(f"its objects could not all be read ({misfits.failed})")
    return f"CustomResourceDefinition {name}: {'; '.join(parts)}."
