"""The row of a release that is not built in, kept in the record of each cluster that runs it; pure.

The settings may lose the row while AKO of that release runs. The record then goes on with its own
copy: as a row that is like a built-in release, with all differences from that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from akoo_ako.releases import loading
from akoo_ako.releases.keys import Key
from akoo_ako.releases.release import Release
from akoo_ako.releases.rows import AddedKey, Keys, ReleaseRow, Rules
from akoo_core.plugin import errors, structs

ROW: Final = "release"
"""The key of the row in the intent's data."""


def row_of(release: Release) -> ReleaseRow:
    """The release as the differences from the built-in one that it descends from."""
    base = loading.table().release(release.base, ROW)
    names, known = [{key.name for key in each.keys} for each in (release, base)]
    added = (key for key in release.keys if key.name not in known)
    return ReleaseRow(
        version=release.version,
        like=release.base,
        kubernetes=release.kubernetes,
        avi=release.avi,
        keys=Keys(
            add=tuple(_added(key) for key in added),
            remove=tuple(key.name for key in base.keys if key.name not in names),
        ),
        rules=Rules(add=release.rules[len(base.rules) :]),
        images=release.images,
        definitions="External" if release.external else "Like",
    )


def _added(key: Key) -> AddedKey:
    return AddedKey(
        name=key.name,
        env=key.variable,
        default=key.default,
        path=key.path,
        type=key.type,
        gateway=key.gateway,
    )


def data(release: Release) -> structs.JSON:
    """The part of an intent's data about the release; empty for a built-in one."""
    if release.built_in:
        return {}
    return {ROW: structs.without_empty(structs.to_object(row_of(release)))}


def release(stored: Mapping[str, Any], version: str) -> Release | None:
    """The release of that version that an intent's data describe; None for none."""
    if stored.get("version") != version or ROW not in stored:
        return None
    try:
        row = structs.convert(stored[ROW], ReleaseRow, path=ROW)
        return loading.table((row,)).find(version)
    except (structs.DecodeError, errors.InputError):
        return None  # Another operator's row, which this one cannot read.
