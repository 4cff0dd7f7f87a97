"""Rows of releases from a ConfigMap, beside those of the settings; pure.

A ConfigMap is taken whole or not at all: with a mistake, or without a row that runs somewhere, the
rows that were taken before go on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from akoo_ako.releases import loading
from akoo_ako.releases.rows import ReleaseRow
from akoo_ako.releases.used import clusters
from akoo_core.plugin import structs
from akoo_core.plugin.errors import InputError
from akoo_core.plugin.records import Record

KEY: Final = "releases"
"""The key of the ConfigMap: a list of rows, as in the settings."""
LARGEST: Final = 65_536
"""Characters of the list."""
_SHOWN: Final = 5
"""Clusters that a message names."""

_INDEX = re.compile(re.escape(loading.PATH) + r"\[(\d+)\]")


def rows(
    texts: Mapping[str, str] | None, of_settings: tuple[ReleaseRow, ...]
) -> tuple[ReleaseRow, ...]:
    """The rows of a ConfigMap. Raises InputError with the path of the first mistake."""
    text = (texts or {}).get(KEY, "")
    if len(text) > LARGEST:
        raise InputError(f"{KEY}: has more than {LARGEST} characters.")
    try:
        listed = structs.decode_plain_yaml(text.encode()) or []
        read = structs.convert(listed, tuple[ReleaseRow, ...], path=KEY)
    except structs.NotPlainError as error:
        raise InputError(f"{KEY}: is no plain YAML: {error}.") from None
    except structs.DecodeError as error:
        raise InputError(f"{error}.".replace(f"{KEY}.[", f"{KEY}[")) from None
    described = {row.version for row in of_settings}
    for index, row in enumerate(read):
        if row.version in described:
            raise InputError(
                f"{KEY}[{index}].version: {loading.PATH} of the operator's settings describes "
                f"{row.version}, too. Keep one of the two."
            )
    try:
        loading.table((*of_settings, *read))
    except InputError as error:
        raise InputError(_placed(str(error), len(of_settings))) from None
    return read


def _placed(message: str, before: int) -> str:
    """The message of the merged table, with the paths of the ConfigMap's rows as they are there."""

    def path(match: re.Match[str]) -> str:
        index = int(match[1])
        return f"{KEY}[{index - before}]" if index >= before else match[0]

    return _INDEX.sub(path, message)


def in_use(
    before: Iterable[ReleaseRow], after: Iterable[ReleaseRow], records: Iterable[Record]
) -> str:
    """A sentence on a row that is to go while it runs somewhere; "" for none."""
    gone = {row.version for row in before} - {row.version for row in after}
    for version, running in sorted(clusters(records).items()):
        if version in gone:
            more = len(running) - _SHOWN
            rest = f" and {more} more" if more > 0 else ""
            return (
                f"{KEY}: the row of AKO {version} is gone, which runs in "
                f"{', '.join(running[:_SHOWN])}{rest}. Put it back until no cluster has it."
            )
    return ""
