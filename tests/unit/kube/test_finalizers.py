"""Our finalizers and annotations among others': nothing of theirs is lost, nothing is doubled."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import clock
from akoo_core.cache import store
from akoo_core.kube import errors, finalizers
from akoo_core.kube import resource as resources
from akoo_core.testing import memory
from akoo_core.testing.memory import patch as memory_patch

NOW = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
NOTE = {"akoo.io/record": "x", "~/": "y"}


@pytest.fixture
def server() -> memory.MemoryServer:
    return memory.MemoryServer(clock=clock.ManualClock(NOW))


async def make(server: memory.MemoryServer, *present: str) -> str:
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x", "namespace": "demo", "finalizers": list(present)},
    }
    made = await server.client().create(resources.CONFIG_MAPS, body, "demo")
    uid: str = made["metadata"]["uid"]
    return uid


def listed(server: memory.MemoryServer) -> list[str]:
    (obj,) = server.objects(resources.CONFIG_MAPS)
    return obj["metadata"].get("finalizers") or []


@pytest.mark.parametrize("present", [(), ("theirs",), ("a", "b")])
async def test_finalizers_of_others_stay(
    server: memory.MemoryServer, present: tuple[str, ...]
) -> None:
    uid = await make(server, *present)
    ours = finalizers.Finalizers(server.client())
    for _ in range(2):
        await ours.add(resources.CONFIG_MAPS, "ours", "x", "demo", uid=uid)
        assert listed(server) == [*present, "ours"]
    for _ in range(2):
        await ours.remove(resources.CONFIG_MAPS, "ours", "x", "demo", uid=uid)
        assert listed(server) == list(present)


async def test_a_finalizer_added_meanwhile_is_not_overwritten(
    server: memory.MemoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = await make(server)
    client = server.client()
    real = client.json_patch
    meddled: list[bool] = []

    async def meddling(*args: Any, **kwargs: Any) -> Any:
        if not meddled:
            meddled.append(True)
            theirs = {"metadata": {"finalizers": ["theirs"]}}
            await server.client().merge_patch(resources.CONFIG_MAPS, "x", theirs, "demo")
        return await real(*args, **kwargs)

    monkeypatch.setattr(client, "json_patch", meddling)
    await finalizers.Finalizers(client).add(resources.CONFIG_MAPS, "ours", "x", "demo", uid=uid)
    assert listed(server) == ["theirs", "ours"]


async def test_a_namesake_and_a_dying_object_get_no_finalizer(
    server: memory.MemoryServer,
) -> None:
    uid = await make(server, "theirs")
    ours = finalizers.Finalizers(server.client())
    kind = resources.CONFIG_MAPS
    assert await ours.add(kind, "ours", "x", "demo", uid="another") is None
    await server.client().delete(kind, "x", "demo")
    assert await ours.add(kind, "ours", "x", "demo", uid=uid) is None
    assert listed(server) == ["theirs"]
    await ours.remove(kind, "ours", "gone", "demo", uid=uid)


async def test_constant_interference_ends_as_a_conflict(server: memory.MemoryServer) -> None:
    uid = await make(server)
    server.faults.before("patch configmaps", errors.ConflictError("again"), times=99)
    ours = finalizers.Finalizers(server.client())
    with pytest.raises(errors.ConflictError):
        await ours.add(resources.CONFIG_MAPS, "ours", "x", "demo", uid=uid)


async def test_a_finalizer_that_took_our_place_meanwhile_is_not_removed() -> None:
    """Between our read and our patch ours goes and another moves to its place in the list."""
    server = memory.MemoryServer()
    client = server.client()
    metadata = {"name": "x", "namespace": "demo", "finalizers": ["ours", "theirs"]}
    made = await client.create(
        resources.CONFIG_MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    )
    patch = finalizers.removing(made, "ours")
    only = {"metadata": {"finalizers": ["theirs"]}}
    await client.merge_patch(resources.CONFIG_MAPS, "x", only, "demo")
    with pytest.raises(errors.ConflictError):
        await client.json_patch(resources.CONFIG_MAPS, "x", patch, "demo")
    obj = await client.get(resources.CONFIG_MAPS, "x", "demo")
    assert obj["metadata"]["finalizers"] == ["theirs"]


# Annotations come in the same write.

lists = st.lists(st.sampled_from(("ours", "a", "b")), unique=True, max_size=3)
notes = st.dictionaries(st.sampled_from((*NOTE, "theirs")), st.sampled_from("xyz"), max_size=3)


def metadata(finalizers_: list[str], annotations: dict[str, str]) -> dict[str, Any]:
    """As an API server writes it: what is empty is left out."""
    fields = {"finalizers": finalizers_, "annotations": annotations}
    written = {key: value for key, value in fields.items() if value}
    return {"uid": "1", "resourceVersion": "7"} | written


def patched(now: dict[str, Any], patch: finalizers.JsonPatch | finalizers.MergePatch) -> Any:
    """The object after the patch. Raises PatchError where a precondition does not hold."""
    if isinstance(patch, list):
        return memory_patch.json_patch(now, patch)
    for key in ("uid", "resourceVersion"):
        if patch["metadata"][key] != now["metadata"][key]:
            raise memory_patch.PatchError(f"{key} has changed")
    return memory_patch.merge_patch(now, patch)


@given(lists, notes)
def test_the_patch_adds_what_is_missing_and_nothing_else(
    present: list[str], noted: dict[str, str]
) -> None:
    seen = {"metadata": metadata(present, noted)}
    after = patched(seen, finalizers.adding(seen, "ours", NOTE))
    wanted = present if "ours" in present else [*present, "ours"]
    assert after == {"metadata": metadata(wanted, noted | NOTE)}
    assert finalizers.adding(after, "ours", NOTE) == []


@given(lists, notes, lists, notes)
def test_what_others_wrote_meanwhile_is_never_lost(
    present: list[str], noted: dict[str, str], later: list[str], noted_later: dict[str, str]
) -> None:
    seen = {"metadata": metadata(present, noted)}
    now = {"metadata": metadata(later, noted_later) | {"resourceVersion": "8"}}
    try:
        after = patched(now, finalizers.adding(seen, "ours", NOTE))
    except memory_patch.PatchError:
        return  # A conflict: it is read again.
    theirs = [
        finalizer for finalizer in after["metadata"].get("finalizers", []) if finalizer != "ours"
    ]
    assert theirs == [finalizer for finalizer in later if finalizer != "ours"]
    kept = after["metadata"].get("annotations", {})
    assert {key: kept.get(key) for key in noted_later.keys() - NOTE.keys()} == {
        key: noted_later[key] for key in noted_later.keys() - NOTE.keys()
    }


@given(lists, notes, st.sampled_from(({}, NOTE)))
def test_what_a_cache_leaves_out_is_never_lost(
    present: list[str], noted: dict[str, str], annotations: dict[str, str]
) -> None:
    """Nothing has changed since: what is not seen is there all the same."""
    whole = {"metadata": metadata(present, noted | {store.LAST_APPLIED_ANNOTATION: "{}"})}
    seen = store.without_noise(whole)
    after = patched(whole, finalizers.adding(seen, "ours", annotations))
    wanted = present if "ours" in present else [*present, "ours"]
    expected = noted | {store.LAST_APPLIED_ANNOTATION: "{}"} | annotations
    assert after == {"metadata": metadata(wanted, expected)}


async def test_what_was_seen_is_not_read_again(server: memory.MemoryServer) -> None:
    uid = await make(server, "theirs")
    (seen,) = server.objects(resources.CONFIG_MAPS)
    server.faults.calls.clear()
    ours = finalizers.Finalizers(server.client())
    kind = resources.CONFIG_MAPS
    done = await ours.add(kind, "ours", "x", "demo", uid=uid, annotations=NOTE, seen=seen)
    assert done is not None
    assert done["metadata"]["annotations"] == NOTE
    assert [call.operation for call in server.faults.calls] == ["patch configmaps"]


@pytest.mark.parametrize("meanwhile", ["changed", "dying", "gone", "another"])
async def test_what_was_seen_long_ago_is_read_again(
    server: memory.MemoryServer, meanwhile: str
) -> None:
    uid = await make(server, "theirs")
    (seen,) = server.objects(resources.CONFIG_MAPS)
    user, kind = server.client(), resources.CONFIG_MAPS
    freed = {"metadata": {"finalizers": ["others"] if meanwhile == "changed" else None}}
    if meanwhile != "dying":
        await user.merge_patch(kind, "x", freed, "demo")
    if meanwhile != "changed":
        await user.delete(kind, "x", "demo")
    if meanwhile == "another":
        await make(server, "theirs")
    ours = finalizers.Finalizers(server.client())
    done = await ours.add(kind, "ours", "x", "demo", uid=uid, annotations=NOTE, seen=seen)
    if meanwhile == "changed":
        assert done is not None
        assert listed(server) == ["others", "ours"]
    else:
        assert done is None
        left = server.objects(kind)
        assert all("annotations" not in obj["metadata"] for obj in left)


async def test_an_object_that_goes_in_between_has_no_finalizer(
    server: memory.MemoryServer,
) -> None:
    uid = await make(server)
    (seen,) = server.objects(resources.CONFIG_MAPS)
    await server.client().delete(resources.CONFIG_MAPS, "x", "demo")
    ours = finalizers.Finalizers(server.client())
    kind = resources.CONFIG_MAPS
    assert await ours.add(kind, "ours", "x", "demo", uid=uid, seen=seen) is None


async def test_an_object_that_began_to_go_meanwhile_gets_none(
    server: memory.MemoryServer,
) -> None:
    """Nothing of what is tested has changed: the API server itself refuses."""
    uid = await make(server, "theirs")
    (seen,) = server.objects(resources.CONFIG_MAPS)
    await server.client().delete(resources.CONFIG_MAPS, "x", "demo")
    ours = finalizers.Finalizers(server.client())
    kind = resources.CONFIG_MAPS
    assert await ours.add(kind, "ours", "x", "demo", uid=uid, seen=seen) is None
    assert listed(server) == ["theirs"]
