"""``spec.plugins.ako.valuesFrom``: values of a Cluster and of ConfigMaps, or a refusal. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from akoo_ako import options
from akoo_ako.chart import bounds, paths, values
from akoo_ako.chart.declarations import Overridable, ValueFrom
from akoo_ako.chart.paths import ChartPath
from akoo_ako.chart.values import Setting
from akoo_ako.refusals.refusal import Refusal, invalid
from akoo_ako.releases.release import Release
from akoo_core.plugin import ako_values, structs

PATH: Final = "spec.plugins.ako.valuesFrom"
OVERRIDABLE: Final = "spec.plugins.ako.overridable"
MOST: Final = 64
"""Entries of each list."""
LARGEST: Final = 4096
"""Bytes of one value that is read."""
_FIELD: Final = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_KEY: Final = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_JSON_TYPES: Final = frozenset({"list", "labels", "object", "items"})

ConfigMaps = Mapping[str, Mapping[str, str] | None]
"""The texts of each ConfigMap that the config names; None for one that does not exist."""


class _Read(NamedTuple):
    """One value as it was read; ``value`` None: it is not there."""

    source: str
    value: Any


def config_maps(wanted: options.Options) -> tuple[str, ...]:
    """The names of the ConfigMaps to read, sorted."""
    named = (entry.config_map_key_ref for entry in wanted.values_from)
    return tuple(sorted({reference.name for reference in named if reference is not None}))


def check(config: structs.JSON, wanted: options.Options, release: Release) -> None:
    """Raise the first Refusal of the declarations. No value is looked at but defaults."""
    if not wanted.values_from and not wanted.overridable:
        return
    known = paths.of_release(release)
    allowed = _overridable(wanted, known, release)
    if len(wanted.values_from) > MOST:
        raise invalid(PATH, f"has more than {MOST} entries.")
    spec = structs.without_empty(config.get("spec") or {})
    seen = {each.row.field or each.row.path for each in values.settings(config, wanted, release)}
    for number, entry in enumerate(wanted.values_from):
        where = f"{PATH}[{number}]"
        row = _row(f"{where}.path", entry.path, known, release)
        _check_source(where, entry, allowed)
        if entry.type not in ("", row.type):
            raise invalid(f"{where}.type", f"is {entry.type}, and the path takes {row.type}.")
        values.check_unset(spec, row, f"{where}.path")
        target = row.field or row.path
        if target in seen:
            raise invalid(f"{where}.path", f"another value sets {entry.path}. Keep one.")
        seen.add(target)
        if entry.default is not None:
            _setting(row, entry.default, f"{where}.default", f"{where}.default", allowed)


def of_cluster_alone(wanted: options.Options) -> options.Options:
    """The options with those values that need no ConfigMap."""
    alone = (entry for entry in wanted.values_from if entry.config_map_key_ref is None)
    return structs.replace(wanted, values_from=tuple(alone))


def resolve(
    wanted: options.Options,
    release: Release,
    cluster: structs.JSON,
    read: ConfigMaps,
    *,
    namespace: str = "",
) -> tuple[Setting, ...]:
    """The values, sorted by path. Raises the Refusal of the first that is wrong.

    ``cluster`` is the Cluster as the API sends it. The declarations have been checked.
    """
    if not wanted.values_from:
        return ()
    known = paths.of_release(release)
    allowed = _overridable(wanted, known, release)
    made = []
    for number, entry in enumerate(wanted.values_from):
        where, row = f"{PATH}[{number}]", known[entry.path]
        seen_value = _read(entry, cluster, read, namespace)
        if seen_value.value is None:
            if entry.default is None:
                raise _missing(where, entry, seen_value.source)
            source = f"default, for there is no {seen_value.source}"
            made.append(_setting(row, entry.default, source, where, allowed))
            continue
        try:
            value = _parsed(row, seen_value.value)
            made.append(_setting(row, value, seen_value.source, where, allowed))
        except Refusal as error:
            raise _wrong(error, where, entry, seen_value) from None
    return tuple(sorted(made, key=lambda each: each.row.path))


def stored(
    wanted: options.Options, release: Release, kept: Mapping[str, Any]
) -> tuple[Setting, ...]:
    """Settings of values that were resolved before, by path. One that the config does not name any
    more, or that is not of its type any more, is left out."""
    if not wanted.values_from:
        return ()
    known = paths.of_release(release)
    made = []
    for number, entry in enumerate(wanted.values_from):
        row = known.get(entry.path)
        if row is None or entry.path not in kept:
            continue
        try:
            made.append(
                values.setting(row, kept[entry.path], "", f"{PATH}[{number}] ({entry.path})")
            )
        except Refusal:
            continue
    return tuple(sorted(made, key=lambda each: each.row.path))


def _overridable(
    wanted: options.Options, known: Mapping[str, ChartPath], release: Release
) -> dict[str, Overridable]:
    if len(wanted.overridable) > MOST:
        raise invalid(OVERRIDABLE, f"has more than {MOST} entries.")
    allowed: dict[str, Overridable] = {}
    for number, entry in enumerate(wanted.overridable):
        where = f"{OVERRIDABLE}[{number}]"
        row = _row(f"{where}.path", entry.path, known, release)
        if entry.path in allowed:
            raise invalid(f"{where}.path", f"{entry.path} is listed twice.")
        problem = bounds.problem_of(entry, row)
        if problem:
            raise invalid(where, problem)
        allowed[entry.path] = entry
    return allowed


def _row(where: str, path: str, known: Mapping[str, ChartPath], release: Release) -> ChartPath:
    row = known.get(path)
    if row is None:
        raise invalid(where, f"{path}: {values.lacking(path, known, release)}")
    if row.instead:
        raise invalid(where, f"{path} is not set here. {row.instead}")
    if not row.per_cluster:
        raise invalid(
            where,
            f"{path} is the same for all clusters of a config. Set it in spec.plugins.ako.values, "
            "and make another config for other clusters.",
        )
    return row


def _check_source(where: str, entry: ValueFrom, allowed: Mapping[str, Overridable]) -> None:
    sources = [entry.field_ref, entry.variable or None, entry.config_map_key_ref]
    if sum(source is not None for source in sources) != 1:
        raise invalid(where, "needs exactly one of fieldRef, variable and configMapKeyRef.")
    reference = entry.config_map_key_ref
    if reference is not None:
        for key, text, form in (
            ("name", reference.name, _NAME),
            ("key", reference.key, _KEY),
        ):
            if not form.fullmatch(text):
                raise invalid(
                    f"{where}.configMapKeyRef.{key}", f"{values.shown(text)} is no {key}."
                )
    if entry.field_ref is None:
        return
    if not _FIELD.fullmatch(entry.field_ref.field_path):
        raise invalid(
            f"{where}.fieldRef.fieldPath",
            f"{values.shown(entry.field_ref.field_path)} is no path such as "
            "metadata.labels['example.com/cni'] or metadata.annotations['example.com/cni'].",
        )
    if entry.path not in allowed:
        raise invalid(
            f"{where}.fieldRef",
            f"{entry.path} is not in {OVERRIDABLE}. List it there with type and bounds: whoever "
            "may write a Cluster chooses its labels.",
        )


def _read(entry: ValueFrom, cluster: structs.JSON, read: ConfigMaps, namespace: str) -> _Read:
    metadata = cluster.get("metadata") or {}
    name = f"Cluster {metadata.get('namespace')}/{metadata.get('name')}"
    if entry.field_ref is not None:
        match = _FIELD.fullmatch(entry.field_ref.field_path)
        kind, key = match.groups() if match else ("labels", "")
        return _Read(f"{kind[:-1]} {key} of {name}", _text((metadata.get(kind) or {}).get(key)))
    if entry.config_map_key_ref is not None:
        reference = entry.config_map_key_ref
        source = f"key {reference.key} of ConfigMap {namespace}/{reference.name}"
        return _Read(source, _text((read.get(reference.name) or {}).get(reference.key)))
    topology = (cluster.get("spec") or {}).get("topology") or {}
    variable, _, below = entry.variable.partition(".")
    whole = next(_variables(topology, variable), None)
    value = ako_values.at(whole, below) if below else whole
    return _Read(f"variable {entry.variable} of {name}", None if value in ("", None) else value)


def _variables(topology: structs.JSON, name: str) -> Iterator[Any]:
    for variable in topology.get("variables") or ():
        if isinstance(variable, dict) and variable.get("name") == name:
            yield variable.get("value")


def _text(value: object) -> str | None:
    """A text as it was read; an empty one is none."""
    return value if isinstance(value, str) and value else None


def _parsed(row: ChartPath, value: Any) -> Any:
    """The value of a text: JSON, or for a list its entries with commas between them."""
    if len(value if isinstance(value, str) else structs.encode_json(value)) > LARGEST:
        raise invalid("", f"it has more than {LARGEST} bytes.")
    if values.depth(value) > values.DEEPEST:
        raise invalid("", f"it has more than {values.DEEPEST} objects and lists within each other.")
    if not isinstance(value, str) or row.type not in _JSON_TYPES:
        return value
    if row.type == "list" and not value.lstrip().startswith("["):
        return [part.strip() for part in value.split(",") if part.strip()]
    try:
        decoded = structs.decode_json(value)
    except structs.DecodeError as error:
        raise invalid("", f"{values.shown(value)} is not JSON: {error.problem}.") from None
    if values.depth(decoded) > values.DEEPEST:
        raise invalid("", f"it has more than {values.DEEPEST} objects and lists within each other.")
    return decoded


def _setting(
    row: ChartPath, value: Any, source: str, where: str, allowed: Mapping[str, Overridable]
) -> Setting:
    made = values.setting(row, value, source, where)
    limits = allowed.get(row.path)
    problem = bounds.outside(limits, made.value) if limits is not None else ""
    if problem:
        raise invalid(where, problem)
    return made


def _missing(where: str, entry: ValueFrom, source: str) -> Refusal:
    return Refusal(
        "ValueMissing",
        f"{where}: there is no {source} for {entry.path}. Set it, or give a default.",
    )


def _wrong(error: Refusal, where: str, entry: ValueFrom, read: _Read) -> Refusal:
    problem = str(error).removeprefix(where).removeprefix(": ")
    return Refusal("ValueInvalid", f"{where}: {read.source}, for {entry.path}: {problem}")
