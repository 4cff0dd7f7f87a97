"""Lists that come in pages, while others write: pure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from akoo_avi.client import IncompleteListError, NotAviError, listing
from hypothesis import given
from hypothesis import strategies as st

JSON = dict[str, Any]


class Pages:
    """A controller's list; ``between`` changes it after each page that is read."""

    def __init__(self, names: list[str], size: int, between: Callable[[list[str]], None]) -> None:
        self.names = names
        self.size = size
        self.between = between
        self.reads = 0

    async def read(self, number: int) -> JSON:
        self.reads += 1
        first = (number - 1) * self.size
        page = {
            "count": len(self.names),
            "results": [{"uuid": name} for name in self.names[first : first + self.size]],
            "next": "there" if first + self.size < len(self.names) else None,
        }
        self.between(self.names)
        return page


def read(pages: Pages) -> list[str]:
    listed = asyncio.run(listing.read_all(pages.read, title="The list"))
    return [obj["uuid"] for obj in listed]


def names(count: int) -> list[str]:
    return [f"o{number}" for number in range(count)]


@given(st.integers(0, 40), st.integers(1, 10))
def test_a_list_that_holds_still(count: int, size: int) -> None:
    pages = Pages(names(count), size, lambda _: None)
    assert read(pages) == names(count)
    assert pages.reads == max(-(-count // size), 1)


@given(st.integers(0, 30), st.integers(1, 8), st.lists(st.integers(0, 40), max_size=60))
def test_what_others_delete_hides_nothing_that_stays(
    count: int, size: int, deleted: list[int]
) -> None:
    script = iter(deleted)

    def delete(left: list[str]) -> None:
        at = next(script, None)
        if at is not None and at < len(left):
            del left[at]

    pages = Pages(names(count), size, delete)
    try:
        listed = read(pages)
    except IncompleteListError:
        return
    assert len(listed) == len(set(listed))
    assert set(pages.names) <= set(listed)


@given(st.integers(0, 30), st.integers(1, 8), st.lists(st.integers(0, 40), max_size=60))
def test_what_others_create_hides_nothing_that_was_there(
    count: int, size: int, created: list[int]
) -> None:
    script = iter(enumerate(created))

    def create(left: list[str]) -> None:
        number, at = next(script, (0, -1))
        if at >= 0:
            left.insert(min(at, len(left)), f"new{number}")

    pages = Pages(names(count), size, create)
    try:
        listed = read(pages)
    except IncompleteListError:
        return
    assert len(listed) == len(set(listed))
    assert set(names(count)) <= set(listed)


def test_inventories_and_objects_without_a_uuid() -> None:
    async def page(_: int) -> JSON:
        inventory = {"config": {"uuid": "u"}}
        return {"count": 3, "results": [inventory, inventory, {"name": "a"}, {"name": "a"}]}

    listed = asyncio.run(listing.read_all(page, title="The list"))
    assert listed == ({"config": {"uuid": "u"}}, {"name": "a"}, {"name": "a"})


@pytest.mark.parametrize(
    "page", [{}, {"count": 1}, {"results": []}, {"count": "1", "results": []}, {"uuid": "cluster"}]
)
def test_what_is_no_page(page: JSON) -> None:
    async def answer(_: int) -> JSON:
        return page

    with pytest.raises(NotAviError, match="no list"):
        asyncio.run(listing.read_all(answer, title="The list"))


def test_a_next_without_results_ends() -> None:
    async def answer(_: int) -> JSON:
        return {"count": 5, "results": [], "next": "there"}

    with pytest.raises(IncompleteListError, match="0 seen, 5 counted"):
        asyncio.run(listing.read_all(answer, title="The list"))


def seen(pages: Pages) -> tuple[list[str], bool]:
    listed = asyncio.run(listing.read_seen(pages.read))
    return [obj["uuid"] for obj in listed.objects], listed.still


@given(st.integers(0, 40), st.integers(1, 10))
def test_a_list_that_holds_still_is_seen_in_one_reading(count: int, size: int) -> None:
    pages = Pages(names(count), size, lambda _: None)
    assert seen(pages) == (names(count), True)
    assert pages.reads == max(-(-count // size), 1)


@given(st.integers(0, 30), st.integers(1, 8), st.lists(st.integers(0, 40), max_size=60))
def test_what_is_seen_is_whole_where_it_says_so(count: int, size: int, deleted: list[int]) -> None:
    script = iter(deleted)

    def delete(left: list[str]) -> None:
        at = next(script, None)
        if at is not None and at < len(left):
            del left[at]

    pages = Pages(names(count), size, delete)
    listed, still = seen(pages)
    assert len(listed) == len(set(listed))
    assert set(listed) <= set(names(count))
    if still:
        assert set(pages.names) <= set(listed)
    assert pages.reads <= 2 * max(-(-count // size), 1)


def test_a_list_with_a_change_per_page_is_no_error() -> None:
    pages = Pages(names(30), 5, lambda left: left.insert(0, f"new{len(left)}"))
    listed, still = seen(pages)
    assert not still
    assert set(listed) >= set(names(30)[:20])
