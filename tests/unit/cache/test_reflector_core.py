"""The reflector's decisions one by one: what it asks for after each kind of outcome."""

from __future__ import annotations

import pytest

from akoo_core.cache import backoff, reflector_actions, reflector_core, store, versions
from akoo_core.cache.reflector_actions import Failure
from akoo_core.kube.resource import CONFIG_MAPS

STORE = store.Store(CONFIG_MAPS)
FIRST_PAGE = reflector_actions.ListPage("", 500)


def _item(name: str, version: int) -> store.Item:
    return STORE.item({"metadata": {"name": name, "uid": name, "resourceVersion": str(version)}})


def _core(*, watch_list: bool = True) -> reflector_core.ReflectorCore:
    return reflector_core.ReflectorCore(watch_list=watch_list, uniform=lambda: 0.0)


def _synced(version: int = 100) -> reflector_core.ReflectorCore:
    """A core that listed up to ``version`` and has its watch open since time 0."""
    core = _core(watch_list=False)
    assert isinstance(core.next(0.0), reflector_actions.ListPage)
    core.page([_item("a", 50)], str(version), "")
    assert isinstance(core.next(0.0), reflector_actions.OpenWatch)
    return core


def _after_pause(core: reflector_core.ReflectorCore, now: float = 0.0) -> reflector_actions.Action:
    assert isinstance(core.next(now), reflector_actions.Pause)
    return core.next(now)


def test_first_asks_for_a_watch_with_initial_events() -> None:
    assert _core().next(0.0) == reflector_actions.OpenWatch("", True, 300)


def test_versions_of_initial_events_do_not_count() -> None:
    core = _core()
    core.next(0.0)
    assert core.event("ADDED", "90", _item("b", 90)) is None
    assert core.event("ADDED", "7", _item("a", 7)) is None
    assert core.event("BOOKMARK", "5", None) is None
    assert (core.resource_version, core.synced) == ("", False)
    effect = core.event("BOOKMARK", "91", None, initial_end=True)
    assert isinstance(effect, reflector_actions.Replace)
    assert [item.key.name for item in effect.items] == ["b", "a"]
    assert (core.resource_version, core.synced) == ("91", True)
    assert isinstance(core.event("MODIFIED", "92", _item("a", 92)), reflector_actions.Put), (
        "same stream"
    )


def test_a_server_that_does_not_know_initial_events_is_asked_once() -> None:
    core = _core()
    core.next(0.0)
    core.failed(0.0, Failure.INVALID)
    assert _after_pause(core) == FIRST_PAGE
    core.page([], "10", "")
    core.next(0.0)
    core.failed(0.0, Failure.GONE)
    assert _after_pause(core) == FIRST_PAGE


@pytest.mark.parametrize("failure", [failure for failure in Failure if failure is not Failure.BUSY])
def test_any_error_of_the_initial_watch_falls_back_to_a_list(failure: Failure) -> None:
    core = _core()
    core.next(0.0)
    core.event("ADDED", "90", _item("ghost", 90))
    core.failed(0.0, failure)
    step = _after_pause(core)
    assert isinstance(step, reflector_actions.ListPage)
    assert step.token == ""
    effect = core.page([_item("a", 3)], "100", "")
    assert effect == reflector_actions.Replace([_item("a", 3)]), (
        "what the failed watch brought is forgotten"
    )


def test_initial_watch_of_a_server_that_is_away_is_tried_again() -> None:
    core = _core()
    core.next(0.0)
    core.failed(0.1, Failure.BUSY)
    assert isinstance(_after_pause(core), reflector_actions.OpenWatch)


def test_initial_watch_that_stays_silent_falls_back_to_a_list() -> None:
    core = _core()
    core.next(0.0)
    core.failed(90.0, Failure.BUSY)
    assert isinstance(_after_pause(core), reflector_actions.ListPage)


def test_initial_watch_that_ends_before_its_bookmark_falls_back_to_a_list() -> None:
    core = _core()
    core.next(0.0)
    core.event("ADDED", "1", _item("a", 1))
    core.ended(200.0)
    assert core.next(200.0) == FIRST_PAGE


def test_pages_are_collected_and_replaced_at_once() -> None:
    core = _core(watch_list=False)
    assert core.next(0.0) == FIRST_PAGE
    assert core.page([_item("a", 1)], "5", "more") is None
    assert core.next(0.0) == reflector_actions.ListPage("more", 500)
    assert core.page([_item("b", 2)], "5", "") == reflector_actions.Replace(
        [_item("a", 1), _item("b", 2)]
    )
    assert core.next(0.0) == reflector_actions.OpenWatch("5", False, 300)


def test_a_busy_server_is_asked_for_the_same_page_again() -> None:
    core = _core(watch_list=False)
    core.next(0.0)
    core.page([_item("a", 1)], "5", "more")
    core.next(0.0)
    core.failed(0.0, Failure.BUSY)
    assert _after_pause(core) == reflector_actions.ListPage("more", 500)
    assert core.page([], "5", "") == reflector_actions.Replace([_item("a", 1)])


def test_an_expired_token_starts_the_list_again_in_pages() -> None:
    core = _core(watch_list=False)
    core.next(0.0)
    core.page([_item("a", 1)], "5", "more")
    core.next(0.0)
    core.failed(0.0, Failure.GONE)
    assert _after_pause(core) == FIRST_PAGE
    assert core.page([_item("b", 2)], "9", "") == reflector_actions.Replace([_item("b", 2)])


@pytest.mark.parametrize("failure", list(Failure))
def test_every_list_is_in_pages(failure: Failure) -> None:
    """Everything at once may be longer than an answer may be, and would fail for ever."""
    core = _synced(100)
    core.failed(60.0, Failure.GONE)
    for _ in range(20):
        step = core.next(60.0)
        if isinstance(step, reflector_actions.ListPage):
            assert step.limit == 500
            core.failed(60.0, failure)
    core.page([], "40", "")
    assert core.resource_version == "40", "a restored server may be at an older version"


@pytest.mark.parametrize("failure", list(Failure))
@pytest.mark.parametrize("watch_list", [True, False])
def test_who_cannot_list_again_for_a_while_is_not_synced(
    failure: Failure, watch_list: bool
) -> None:
    core = _core(watch_list=watch_list)
    core.next(0.0)
    _arrived(core, "100", watch_list=watch_list)
    core.next(0.0)
    core.failed(60.0, Failure.GONE)
    for count in range(1, 4):
        assert not isinstance(_after_pause(core, 60.0), reflector_actions.Pause)
        core.failed(60.0, failure)
        known = count < 3 and failure is not Failure.REFUSED
        assert core.synced is known
    step = _after_pause(core, 60.0)
    _arrived(core, "200", watch_list=isinstance(step, reflector_actions.OpenWatch))
    assert core.synced
    core.next(60.0)
    core.failed(60.0, Failure.GONE)
    assert core.synced, "one failure is not three"


def _arrived(core: reflector_core.ReflectorCore, version: str, *, watch_list: bool) -> None:
    """The whole collection, which is empty, in either way."""
    if watch_list:
        core.event("BOOKMARK", version, None, initial_end=True)
    else:
        core.page([], version, "")


def test_relist_prefers_initial_events_again() -> None:
    core = _core()
    core.next(0.0)
    core.event("BOOKMARK", "10", None, initial_end=True)
    core.failed(1.0, Failure.GONE)
    assert _after_pause(core) == reflector_actions.OpenWatch("10", True, 300)
    core.failed(1.0, Failure.TOO_LARGE)
    assert _after_pause(core) == FIRST_PAGE


def test_the_end_of_a_stream_is_normal() -> None:
    core = _synced(100)
    core.event("MODIFIED", "101", _item("a", 101))
    core.event("BOOKMARK", "150", None)
    core.ended(300.0)
    assert core.next(300.0) == reflector_actions.OpenWatch("150", False, 300)


def test_a_stream_that_ends_at_once_and_empty_is_an_error() -> None:
    core = _synced(100)
    requests = 0
    now = 0.0
    while now < 120.0:
        step = core.next(now)
        if isinstance(step, reflector_actions.Pause):
            now += step.seconds
            continue
        requests += 1
        now += 0.01
        core.event("BOOKMARK", "100", None)  # says nothing new
        core.ended(now)
    assert requests < 12, f"{requests} requests in two minutes"


@pytest.mark.parametrize("failure", [Failure.BUSY, Failure.SERVER])
def test_silence_is_no_reason_to_list_again(failure: Failure) -> None:
    core = _synced(100)
    core.failed(60.0, failure)
    assert _after_pause(core) == reflector_actions.OpenWatch("100", False, 300)
    assert core.synced


def test_a_server_that_keeps_failing_is_asked_for_a_list() -> None:
    core = _synced(100)
    for _ in range(2):
        core.failed(60.0, Failure.SERVER)
        assert isinstance(_after_pause(core), reflector_actions.OpenWatch)
    core.failed(60.0, Failure.SERVER)
    assert isinstance(_after_pause(core), reflector_actions.ListPage)


def test_refusal_is_not_synced_until_listed_again() -> None:
    core = _synced(100)
    core.failed(60.0, Failure.REFUSED)
    assert not core.synced
    assert isinstance(_after_pause(core), reflector_actions.ListPage)
    assert core.page([], "200", "") == reflector_actions.Replace([])
    assert core.synced


def test_the_wish_of_the_server_is_kept() -> None:
    core = _synced(100)
    core.failed(60.0, Failure.BUSY, at_least_seconds=17.0)
    assert core.next(60.0) == reflector_actions.Pause(17.0)


def test_replays_are_dropped() -> None:
    core = _synced(100)
    assert core.event("MODIFIED", "101", _item("a", 101))
    assert core.event("DELETED", "102", _item("a", 102))
    assert core.event("MODIFIED", "101", _item("a", 101)) is None
    assert core.resource_version == "102"


def test_versions_that_are_no_numbers_are_taken_as_they_come() -> None:
    core = _synced(100)
    assert core.event("MODIFIED", "x2", _item("a", 101))
    assert core.event("MODIFIED", "x1", _item("a", 101))
    assert core.resource_version == "x1"


def test_a_watch_from_zero_does_not_trust_its_first_versions() -> None:
    core = _synced(0)
    assert isinstance(core.event("ADDED", "9", _item("b", 9)), reflector_actions.Put)
    assert isinstance(core.event("ADDED", "3", _item("a", 3)), reflector_actions.Put)
    assert core.resource_version == "0"
    core.event("MODIFIED", "10", _item("a", 10))
    assert core.resource_version == "10"


def test_watch_timeouts_are_spread() -> None:
    core = reflector_core.ReflectorCore(uniform=lambda: 0.5)
    step = core.next(0.0)
    assert isinstance(step, reflector_actions.OpenWatch)
    assert step.timeout_seconds == 450


def test_backoff() -> None:
    pauses = backoff.ReflectorBackoff()
    now = 0.0
    got = []
    for _ in range(8):
        got.append(pauses.next(now, 0.0))
        now += got[-1]
    assert got == [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0]
    assert pauses.next(now, 0.99) == 30.0, "chance does not exceed the cap"
    assert pauses.next(now + 151.0, 0.5) == pytest.approx(1.2), "two minutes of peace"


@pytest.mark.parametrize(
    ("version", "than", "expected"),
    [("2", "1", True), ("10", "9", True), ("9", "9", False), ("1", "2", False), ("", "1", None)],
)
def test_versions(version: str, than: str, expected: bool | None) -> None:
    assert versions.newer(version, than) is expected
