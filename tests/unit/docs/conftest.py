"""Reads the documentation the way its tests ask for it: pages, tables, code blocks."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable

import pytest

DOCS = pathlib.Path(__file__).parents[3] / "docs"

_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="session")
def page() -> Callable[[str], str]:
    """The text of a page by its path below docs/."""
    return lambda name: (DOCS / name).read_text()


@pytest.fixture(scope="session")
def rows() -> Callable[[str, str], list[tuple[str, ...]]]:
    """``rows(page, heading)``: the cells of all tables below a heading, without their heads.

    Below means until a heading of the same or a higher level. "" is the whole page.
    """

    def read(name: str, heading: str) -> list[tuple[str, ...]]:
        section = _section((DOCS / name).read_text(), heading)
        lines = [line.strip() for line in section.splitlines()]
        rows: list[tuple[str, ...]] = []
        for before, line in zip(["", *lines], lines, strict=False):
            if line.startswith("|") and before.startswith("|"):
                rows.append(tuple(cell.strip() for cell in line.strip("|").split("|")))
        return [row for row in rows if not set("".join(row)) <= set("-: ")]

    return read


def _section(text: str, heading: str) -> str:
    if not heading:
        return text
    level = len(heading) - len(heading.lstrip("#"))
    _, heads, rest = text.partition(f"\n{heading}\n")
    assert heads, f"there is no heading {heading!r}"
    return re.split(rf"\n#{{1,{level}}} ", rest, maxsplit=1)[0]


@pytest.fixture(scope="session")
def blocks() -> Callable[[str, str], list[str]]:
    """``blocks(page, language)``: the code blocks of that language, in order."""

    def read(name: str, language: str) -> list[str]:
        text = (DOCS / name).read_text()
        return [match["text"] for match in _FENCE.finditer(text) if match["language"] == language]

    return read
