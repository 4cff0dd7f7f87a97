"""``spec.plugins.ako.values``: from paths of the chart to settings, or a refusal. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from akoo_ako import options
from akoo_ako.chart import paths
from akoo_ako.chart.paths import ChartPath
from akoo_ako.refusals.refusal import Refusal, invalid
from akoo_ako.releases.release import Release
from akoo_core.plugin import ako_values, errors, structs

PATH: Final = "spec.plugins.ako.values"
LARGEST: Final = 16_384
"""Bytes of the values as JSON."""
DEEPEST: Final = 12
"""Objects and lists within each other."""
_SHOWN: Final = 60
"""Characters of a value that a message shows."""


class Setting(NamedTuple):
    """One value, checked, as its place wants it."""

    row: ChartPath
    value: Any
    source: str
    """The place that it was read from: PATH, or a thing of the Cluster."""
    where: str
    """The path of the config that sets it."""


class Values(NamedTuple):
    """Values of other places than fields."""

    keys: Mapping[str, str] = {}
    """Texts of ConfigMap keys."""
    pod: Mapping[str, Any] = {}
    """Parts of the StatefulSet, by the path."""


def settings(
    config: structs.JSON, wanted: options.Options, release: Release
) -> tuple[Setting, ...]:
    """The values of a config, sorted by path. Raises Refusal for the first that is wrong."""
    if not wanted.values:
        return ()
    _check_bounds(wanted.values)
    known = paths.of_release(release)
    leaves = _leaves(structs.without_empty(wanted.values), "", known)
    if wanted.chart is not None:  # It may have more paths, which it gets as they are.
        leaves = (leaf for leaf in leaves if leaf[0] in known)
    made = [
        setting(_row(path, known, release), value, PATH, f"{PATH}.{path}") for path, value in leaves
    ]
    _check_fields(config, made)
    return tuple(sorted(made, key=lambda made_setting: made_setting.row.path))


def setting(row: ChartPath, value: object, source: str, where: str) -> Setting:
    """One value for its place. Raises Refusal; ``where`` begins its message."""
    if row.instead:
        raise invalid(where, f"is not set here. {row.instead}")
    try:
        typed = ako_values.typed(value, row.type)
    except ValueError as error:
        raise invalid(where, f"{shown(value)} is not {error}.") from None
    if row.choices and typed not in row.choices:
        raise invalid(where, f"{shown(value)} is not one of {', '.join(row.choices)}.")
    if row.path == _NODE_NETWORKS:
        _check_node_networks(typed, where)
    return Setting(row, typed, source, where)


_NODE_NETWORKS: Final = "NetworkSettings.nodeNetworkList"


def _check_node_networks(entries: list[structs.JSON], where: str) -> None:
    """The field takes objects of newer schemas, so it would drop a key without a word."""
    for number, entry in enumerate(entries):
        for key in sorted(entry.keys() - {"networkName", "cidrs"}):
            raise invalid(f"{where}[{number}].{key}", "is not passed on. Use networkName.")


def located(error: Refusal, made: tuple[Setting, ...]) -> Refusal:
    """The refusal of a field, with the path of the value that is in the field."""
    for each in made:
        rest = str(error).removeprefix(f"spec.{each.row.field}")
        if each.row.field and rest != str(error) and rest[:1] in {":", ".", "["}:
            return Refusal(error.reason, f"{each.where}{rest}")
    return error


def shown(value: object) -> str:
    """The value for a message, shortened."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def applied(config: structs.JSON, made: tuple[Setting, ...]) -> tuple[structs.JSON, Values]:
    """The config with the values in its fields, and those without a field."""
    spec = config.get("spec") or {}
    fields = {each.row.field: each.value for each in made if each.row.field}
    if any(path.startswith(_RESOURCES) for path in fields):
        fields = _vendor_resources() | fields
    keys = {each.row.key: text(each.value) for each in made if each.row.key}
    pod = {each.row.path: each.value for each in made if each.row.pod}
    return {**config, "spec": ako_values.placed(spec, fields)}, Values(keys, pod)


def target(row: ChartPath) -> str:
    """The place of a value in the workload cluster's AKO, for people."""
    return paths.sets(row)


def text(value: object) -> str:
    """A value as AKO's ConfigMap has it."""
    if isinstance(value, str):
        return value
    return structs.encode_json(value).decode()


_RESOURCES: Final = "plugins.ako.resources."


def _vendor_resources() -> dict[str, Any]:
    """The chart merges values into its own figures, so one value leaves the others."""
    return {
        f"{_RESOURCES}{kind}.{name}": figure
        for kind, figures in options.RESOURCES.items()
        for name, figure in figures.items()
    }


def _check_bounds(values: structs.JSON) -> None:
    if depth(values) > DEEPEST:
        raise invalid(PATH, f"has more than {DEEPEST} objects and lists within each other.")
    size = len(structs.encode_json(values))
    if size > LARGEST:
        raise invalid(PATH, f"has {size} bytes as JSON. At most {LARGEST} are read.")


def depth(value: object) -> int:
    """The number of objects and lists within each other, at most DEEPEST + 1."""
    depth, level = 0, [value]
    while level := [
        below
        for above in level
        for below in (
            above.values() if isinstance(above, dict) else above if isinstance(above, list) else ()
        )
    ]:
        depth += 1
        if depth > DEEPEST:
            break
    return depth


def _leaves(
    tree: object, above: str, known: Mapping[str, ChartPath]
) -> Iterator[tuple[str, object]]:
    """Each path of the chart in the tree with its value, and each path that leads nowhere."""
    if not isinstance(tree, dict):
        yield above, tree
        return
    for name, value in sorted(tree.items()):
        if "." in name:
            where = f"{PATH}.{above}.{name}" if above else f"{PATH}.{name}"
            raise invalid(where, "has dots in one name. Write an object for each part.")
        path = f"{above}.{name}" if above else name
        deeper = any(row.startswith(f"{path}.") for row in known)
        if path in known or not deeper:
            yield path, value
        else:
            yield from _leaves(value, path, known)


def _row(path: str, known: Mapping[str, ChartPath], release: Release) -> ChartPath:
    row = known.get(path)
    if row is not None:
        return row
    raise invalid(f"{PATH}.{path}", lacking(path, known, release))


def lacking(path: str, known: Mapping[str, ChartPath], release: Release) -> str:
    """The problem with a path that the chart of the release lacks, with the nearest."""
    below = [row for row in known if row.startswith(f"{path}.")]
    if below:
        return f"needs an object with {', '.join(row[len(path) + 1 :] for row in below[:8])}."
    problem = f"the chart of AKO {release.version} has no such path."
    if path in paths.BY_PATH:
        return f"{problem} Other releases have it."
    return f"{problem}{errors.near(path, known)}"


def _check_fields(config: structs.JSON, made: list[Setting]) -> None:
    """A field and a value for the same thing contradict each other, now or after an edit."""
    spec = structs.without_empty(config.get("spec") or {})
    by_field: dict[str, str] = {}
    for each in made:
        check_unset(spec, each.row, f"{PATH}.{each.row.path}")
        earlier = by_field.setdefault(each.row.field or each.row.path, each.row.path)
        if earlier != each.row.path:
            raise invalid(f"{PATH}.{each.row.path}", f"{earlier} sets the same. Keep one.")


def check_unset(spec: structs.JSON, row: ChartPath, where: str) -> None:
    """Raise Refusal where a field of ``spec`` (without what is empty) sets what the row sets."""
    names = row.field.split(".")
    # A whole that is set (resources) sets its parts.
    whole = "plugins.ako.resources" if row.field.startswith(_RESOURCES) else row.field
    if names != [""] and ako_values.at(spec, whole) is not None:
        raise invalid(
            where, f"spec.{whole} sets it, too. Keep one of the two, also if they are equal."
        )
