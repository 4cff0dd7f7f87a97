"""From rows to releases: each row is merged into its parent, or refused with its path; pure."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from typing import Final

from akoo_ako import versions
from akoo_ako.chart import paths
from akoo_ako.releases import builtin, keys
from akoo_ako.releases.keys import Key
from akoo_ako.releases.release import Image, Images, Range, Release
from akoo_ako.releases.rows import AddedKey, BuiltInRow, ReleaseRow
from akoo_ako.releases.table import Table, order
from akoo_core.plugin import structs
from akoo_core.plugin.errors import InputError

PATH: Final = "plugins.ako.releases"
NEEDED: Final = ("clusterName", "controllerIP", "deleteConfig")
"""Keys that no release can do without: akoo-core sets them, and cleans up by them."""

_VERSION = re.compile(r"\d+(\.\d+){1,3}(-[a-z0-9][a-z0-9.-]*)?")
_MINOR = re.compile(r"\d+\.\d+")
_NUMBER = re.compile(r"\d+(\.\d+){1,3}")
_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CHART_PATH = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_POSITION = {key.name: position for position, key in enumerate(keys.KEYS)}


@functools.lru_cache(maxsize=64)
def table(rows: tuple[ReleaseRow, ...] = ()) -> Table:
    """The built-in releases and those of ``rows``. Raises InputError with the path of the first
    mistake."""
    known: dict[str, Release] = {}
    for row in builtin.ROWS:
        known[row.version] = merge(known.get(row.like), row, f"built-in {row.version}")
    for index in _parents_first(rows, known):
        more = rows[index]
        known[more.version] = merge(known[more.like], more, f"{PATH}[{index}]")
    return Table(releases=tuple(sorted(known.values(), key=order)))


def _parents_first(rows: tuple[ReleaseRow, ...], known: Mapping[str, Release]) -> list[int]:
    """The indices of the rows, each after its parent."""
    by_version: dict[str, int] = {}
    for index, row in enumerate(rows):
        path = f"{PATH}[{index}].version"
        if not _VERSION.fullmatch(row.version):
            raise _wrong(path, f"{row.version!r} is no version such as 2.1.4.")
        if row.version in known:
            raise _wrong(path, f"AKO {row.version} is built in. Drop the row.")
        if row.version in by_version:
            raise _wrong(
                path, f"{PATH}[{by_version[row.version]}] describes {row.version} already."
            )
        by_version[row.version] = index
    ordered: list[int] = []
    for index in range(len(rows)):
        line = _line(rows, index, by_version, known)
        ordered += [each for each in reversed(line) if each not in ordered]
    return ordered


def _line(
    rows: tuple[ReleaseRow, ...],
    index: int,
    by_version: Mapping[str, int],
    known: Mapping[str, Release],
) -> list[int]:
    """The row and its ancestors among the rows, up to the one that is like a built-in release."""
    line = [index]
    while (like := rows[line[-1]].like) not in known:
        path = f"{PATH}[{line[-1]}].like"
        if like not in by_version:
            names = ", ".join((*known, *by_version))
            raise _wrong(path, f"there is no release {like!r}. There are: {names}.")
        if by_version[like] in line:
            circle = [*(rows[each].version for each in line), like]
            raise _wrong(path, f"the releases are like each other: {' -> '.join(circle)}.")
        line.append(by_version[like])
    return line


def merge(parent: Release | None, row: ReleaseRow, path: str) -> Release:
    """The release that a row describes. ``parent`` None: it is like no other."""
    own = isinstance(row, BuiltInRow)
    schemas = (row.schemas if isinstance(row, BuiltInRow) else None) or (
        parent.schemas if parent is not None else None
    )
    if schemas is None:
        raise _wrong(f"{path}.like", "is empty. Name a release.")
    _check_range(row.kubernetes, _MINOR, f"{path}.kubernetes", "1.34")
    _check_range(row.avi, _NUMBER, f"{path}.avi", "31.1.1")
    _check_rules(row, path)
    release = Release(
        version=row.version,
        base=row.version if own or parent is None else parent.base,
        kubernetes=row.kubernetes,
        avi=row.avi,
        keys=_keys(parent, row, path),
        rules=(*(parent.rules if parent else ()), *row.rules.add),
        images=_images(parent, row, path),
        schemas=schemas,
        external=row.definitions == "External",
        built_in=own,
    )
    _check_paths(release, row, path)
    return release


def _keys(parent: Release | None, row: ReleaseRow, path: str) -> tuple[Key, ...]:
    merged = {key.name: key for key in parent.keys} if parent is not None else {}
    for index, name in enumerate(row.keys.remove):
        where = f"{path}.keys.remove[{index}]"
        if name in NEEDED:
            raise _wrong(where, f"akoo-core needs the key {name!r} in every release.")
        if merged.pop(name, None) is None:
            raise _wrong(where, f"AKO {row.like} has no key {name!r}, or it is removed twice.")
    for index, added in enumerate(row.keys.add):
        where = f"{path}.keys.add[{index}]"
        if added.name in row.keys.remove:
            raise _wrong(f"{where}.name", f"the row removes the key {added.name!r}, too.")
        if added.name in merged:
            raise _wrong(
                f"{where}.name", f"AKO {row.like} has the key {added.name!r}, or it is added twice."
            )
        key = _key(added, where)
        _check_variable(key, merged.values(), f"{where}.env")
        merged[key.name] = key
    # Sorting is stable: keys that no built-in release has stand last, as they were added.
    return tuple(sorted(merged.values(), key=lambda key: _POSITION.get(key.name, len(_POSITION))))


def _key(added: AddedKey, path: str) -> Key:
    if not _KEY.fullmatch(added.name):
        raise _wrong(f"{path}.name", f"{added.name!r} is no key of a ConfigMap.")
    if added.env and not _VARIABLE.fullmatch(added.env):
        raise _wrong(f"{path}.env", f"{added.env!r} is no name of an environment variable.")
    if added.path and not _CHART_PATH.fullmatch(added.path):
        raise _wrong(f"{path}.path", f"{added.path!r} is no path such as AKOSettings.logLevel.")
    known = keys.BY_NAME.get(added.name)
    if known is not None and added.env not in ("", known.variable):
        name = known.variable or "none: AKO reads the key from the object"
        raise _wrong(f"{path}.env", f"the variable of {added.name!r} is {name}.")
    if known is not None and added.default:
        raise _wrong(f"{path}.default", f"akoo-core gives the value of {added.name!r}.")
    if known is not None:
        return known
    return Key(
        added.name,
        added.env,
        added.path or added.name,
        added.gateway and bool(added.env),
        added.type,
        added.default,
    )


def _check_variable(key: Key, others: Iterable[Key], path: str) -> None:
    if key.variable == keys.FROM_THE_OBJECT:
        return
    if key.variable in keys.SET_BY_PATH:
        raise _wrong(path, f"akoo-core sets the variable {key.variable} itself.")
    for other in others:
        if other.variable == key.variable:
            raise _wrong(path, f"the key {other.name!r} has the variable {key.variable}.")


def _check_paths(release: Release, row: ReleaseRow, path: str) -> None:
    """No added key has a path that the chart has, or one within or around another path."""
    for index, added in enumerate(row.keys.add):
        key = release.key(added.name)
        if key is None or key.name in keys.BY_NAME:
            continue
        others = (other.path for other in release.own_keys if other.name != key.name)
        for other in (*paths.BY_PATH, *others):
            if _overlap(key.path, other):
                where = f"{path}.keys.add[{index}].path"
                raise _wrong(where, f"the chart has the path {other} already.")


def _overlap(first: str, second: str) -> bool:
    return f"{first}.".startswith(f"{second}.") or f"{second}.".startswith(f"{first}.")


def _check_range(span: Range, form: re.Pattern[str], path: str, example: str) -> None:
    for name, text in (("min", span.min), ("max", span.max)):
        if not form.fullmatch(text):
            raise _wrong(f"{path}.{name}", f"{text!r} is no version such as {example}.")
    if not versions.at_least(span.max, span.min):
        raise _wrong(path, f"the range {span} is empty.")


def _check_rules(row: ReleaseRow, path: str) -> None:
    for index, rule in enumerate(row.rules.add):
        for name in ("api_groups", "resources", "verbs"):
            if not getattr(rule, name):
                field = {"api_groups": "apiGroups"}.get(name, name)
                raise _wrong(f"{path}.rules.add[{index}].{field}", "is empty.")


def _images(parent: Release | None, row: ReleaseRow, path: str) -> Images:
    """The images of the row. A repository is inherited; a tag and a digest are of one release."""
    before = parent.images if parent is not None else Images()
    return Images(
        ako=_image(before.ako, row.images.ako, f"{path}.images.ako"),
        gateway=_image(before.gateway, row.images.gateway, f"{path}.images.gateway"),
    )


def _image(before: Image, image: Image, path: str) -> Image:
    if image.digest and not _DIGEST.fullmatch(image.digest):
        raise _wrong(f"{path}.digest", f"{image.digest!r} is no digest such as sha256:... .")
    return structs.replace(image, repository=image.repository or before.repository)


def _wrong(path: str, problem: str) -> InputError:
    return InputError(f"{path}: {problem}")
