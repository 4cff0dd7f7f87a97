"""The results of lives that were played: one line of JSON each, the newest last."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Iterable

from hack.compat.rows import Row

FILE = pathlib.Path(__file__).parent / "results.jsonl"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Result:
    """The end of one life."""

    row: str
    kubernetes: str
    cluster_api: str
    workload: str
    akoo_core: str
    python: str
    date: str
    """The day, YYYY-MM-DD, in UTC."""
    seconds: float
    steps: tuple[str, ...]
    """The steps that passed, in order."""
    failed: str = ""
    """The step that did not, and the reason; "" for a life that was played to its end."""


def append(result: Result, file: pathlib.Path | None = None) -> None:
    """Add a line at the end."""
    with (file or FILE).open("a") as lines:
        lines.write(json.dumps(dataclasses.asdict(result)) + "\n")


def read(file: pathlib.Path | None = None) -> list[Result]:
    """All results, the oldest first. Raises ValueError for a line that is none."""
    file = file or FILE
    if not file.exists():
        return []
    results = []
    for number, line in enumerate(file.read_text().splitlines(), 1):
        try:
            fields = json.loads(line)
            results.append(Result(**fields | {"steps": tuple(fields["steps"])}))
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError(f"{file.name}:{number}: no result: {error}") from error
    return results


def newest(results: Iterable[Result], row: Row) -> Result | None:
    """The newest result of exactly the releases of a row. Pure."""
    releases = (row.kubernetes, row.cluster_api)
    of_row = [each for each in results if (each.kubernetes, each.cluster_api) == releases]
    return of_row[-1] if of_row else None
