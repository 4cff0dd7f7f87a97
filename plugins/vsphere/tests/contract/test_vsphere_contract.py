"""The vCenter in memory and the real client on vcsim behave alike: one table, played on both."""

from __future__ import annotations

import pathlib

import pytest

from akoo_core.testing import virtual_time
from tests.vsphere import contract_rows
from tests.vsphere.contract_bench import ROWS, MemoryBench

README = pathlib.Path(__file__).parents[2] / "README.md"
NAMES = sorted(ROWS)


@pytest.mark.parametrize("name", NAMES)
def test_in_memory(name: str) -> None:
    row = ROWS[name]

    async def main(_: virtual_time.LoopClock) -> None:
        assert await row.play(MemoryBench()) == row.expected

    virtual_time.run(main)


def test_the_table_has_rows() -> None:
    assert ROWS["a_life"].play is contract_rows.a_life


def test_what_no_source_shows_is_in_the_readme() -> None:
    text = README.read_text()
    missing = [name for name, row in ROWS.items() if not row.source and f"`{name}`" not in text]
    assert missing == []
