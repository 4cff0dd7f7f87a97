"""The store: what it keeps, what it says about changes, and that nothing of it is shared."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from akoo_core import errors
from akoo_core.cache import indexes, store
from akoo_core.cache.indexes import NamespacedName
from akoo_core.kube.resource import CONFIG_MAPS


def _object(name: str, version: int, *, uid: str = "", **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "ns", "uid": uid or f"uid-{name}"}
    return {"metadata": {**metadata, "resourceVersion": str(version)}, **more}


def _by_color(obj: dict[str, Any]) -> list[str]:
    return [obj["color"]] if "color" in obj else []


def _filled(*objects: dict[str, Any]) -> store.Store:
    filled = store.Store(CONFIG_MAPS, indexes={"color": _by_color})
    filled.replace([filled.item(obj) for obj in objects])
    return filled


def test_reading_before_the_first_list_is_an_error() -> None:
    empty = store.Store(CONFIG_MAPS, indexes={"color": _by_color})
    for read in (
        lambda: empty.get("a"),
        empty.keys,
        lambda: list(empty.objects()),
        lambda: empty.lookup("color", "red"),
    ):
        with pytest.raises(errors.PrerequisiteError, match="configmaps were not listed yet"):
            read()
    assert empty.keys_by("color", "red") == ()


def test_nothing_handed_out_is_shared() -> None:
    filled = _filled(_object("a", 1, data={"k": "v"}))
    first = filled.get("a", "ns")
    assert first is not None
    first["data"]["k"] = "changed"
    assert filled.get("a", "ns") == _object("a", 1, data={"k": "v"})
    change = filled.put(filled.item(_object("a", 2, data={})))[0]
    assert change.new is not change.new


def test_noise_is_not_kept() -> None:
    obj = _object("a", 1)
    obj["metadata"]["managedFields"] = [{"manager": "x"}]
    obj["metadata"]["annotations"] = {store.LAST_APPLIED_ANNOTATION: "{}", "kept": "yes"}
    filled = _filled(obj)
    expected = _object("a", 1)
    expected["metadata"]["annotations"] = {"kept": "yes"}
    assert filled.get("a", "ns") == expected
    assert "managedFields" in obj["metadata"], "the caller's object is left alone"


def test_transform_decides_what_is_kept() -> None:
    small = store.Store(CONFIG_MAPS, transform=lambda obj: {"metadata": obj["metadata"]})
    small.replace([small.item(_object("a", 1, data={"secret": "x"}))])
    assert small.get("a", "ns") == _object("a", 1)


def test_replace_is_a_diff_with_tombstones() -> None:
    filled = _filled(_object("gone", 1), _object("same", 2), _object("new-version", 3))
    changes = filled.replace(
        filled.item(obj)
        for obj in (_object("same", 2), _object("new-version", 9), _object("came", 8))
    )
    assert [(c.key.name, c.old is not None, c.new is not None, c.tombstone) for c in changes] == [
        ("gone", True, False, True),
        ("new-version", True, True, False),
        ("came", False, True, False),
    ]
    assert not any(change.initial for change in changes)


def test_only_the_first_replace_is_initial() -> None:
    empty = store.Store(CONFIG_MAPS)
    assert [c.initial for c in empty.replace([empty.item(_object("a", 1))])] == [True]
    assert [c.initial for c in empty.put(empty.item(_object("b", 2)))] == [False]


def test_another_uid_is_a_deletion_and_a_creation() -> None:
    for replaced in (False, True):
        filled = _filled(_object("a", 5, uid="old"))
        item = filled.item(_object("a", 4, uid="new"))
        gone, came = filled.replace([item]) if replaced else filled.put(item)
        assert gone.old == _object("a", 5, uid="old")
        assert (gone.new, gone.tombstone) == (None, True)
        assert (came.old, came.new) == (None, _object("a", 4, uid="new"))


@pytest.mark.parametrize(
    ("version", "taken"), [("4", False), ("5", False), ("6", True), ("not a number", True)]
)
def test_events_that_are_not_newer_are_dropped(version: str, taken: bool) -> None:
    filled = _filled(_object("a", 5))
    obj = _object("a", 0)
    obj["metadata"]["resourceVersion"] = version
    assert bool(filled.put(filled.item(obj))) is taken


def test_deletion_tells_the_final_state() -> None:
    filled = _filled(_object("a", 5, color="red"))
    (change,) = filled.remove(filled.item(_object("a", 6, color="blue")))
    assert (change.old, change.new) == (_object("a", 6, color="blue"), None)
    assert not change.tombstone
    assert filled.get("a", "ns") is None


def test_deletion_of_another_uid_or_of_nothing_is_dropped() -> None:
    filled = _filled(_object("a", 5, uid="new"))
    assert filled.remove(filled.item(_object("a", 6, uid="old"))) == []
    assert filled.remove(filled.item(_object("b", 7))) == []
    assert len(filled) == 1


def test_indexes_follow_every_change() -> None:
    filled = _filled(_object("a", 1, color="red"), _object("b", 2, color="red"))
    a, b = NamespacedName("ns", "a"), NamespacedName("ns", "b")
    assert filled.keys_by("color", "red") == (a, b)
    filled.put(filled.item(_object("a", 3, color="blue")))
    assert (filled.keys_by("color", "red"), filled.keys_by("color", "blue")) == ((b,), (a,))
    assert filled.lookup("color", "blue") == [_object("a", 3, color="blue")]
    filled.put(filled.item(_object("b", 4, uid="other")))
    assert filled.keys_by("color", "red") == ()
    filled.remove(filled.item(_object("a", 5, color="blue")))
    assert filled.keys_by("color", "blue") == ()
    filled.replace([filled.item(_object("c", 6, color="red"))])
    assert filled.keys_by("color", "red") == (NamespacedName("ns", "c"),)


def test_unknown_index_is_an_error() -> None:
    with pytest.raises(indexes.UnknownIndexError, match="no index 'colour'; there is: color"):
        _filled().keys_by("colour", "red")


def test_index_function_that_fails_finds_nothing_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = store.Store(CONFIG_MAPS, indexes={"color": lambda obj: [obj["color"]]})
    with caplog.at_level(logging.ERROR):
        broken.replace([broken.item(_object("a", 1))])
    assert broken.get("a", "ns") is not None
    assert "index color failed" in caplog.text


def test_cluster_scoped_objects_have_no_namespace() -> None:
    cluster_scoped = store.Store(CONFIG_MAPS)
    cluster_scoped.replace([cluster_scoped.item({"metadata": {"name": "a"}})])
    assert cluster_scoped.get("a") is not None
    assert cluster_scoped.keys() == (NamespacedName("", "a"),)
    assert (str(NamespacedName("", "a")), str(NamespacedName("ns", "a"))) == ("a", "ns/a")


def test_indexed_tells_what_an_index_has_of_a_name() -> None:
    kept = store.Store(CONFIG_MAPS, indexes={"color": lambda obj: [obj["data"]["color"]]})
    metadata = {"name": "one", "namespace": "n", "uid": "u", "resourceVersion": "1"}
    kept.replace([kept.item({"metadata": metadata, "data": {"color": "red"}})])
    assert kept.indexed("color", "one", "n") == frozenset({"red"})
    assert kept.indexed("color", "two", "n") is None
