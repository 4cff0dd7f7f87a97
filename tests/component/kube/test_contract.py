"""The promises of KubeClient, asked of the server in memory and of a real kube-apiserver alike.

The server in memory can only stand in for the real one while both pass the same tests.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from akoo_core.kube import client as client_
from akoo_core.kube import errors
from akoo_core.kube.resource import CONFIG_MAPS, NAMESPACES, SECRETS, STATEFUL_SETS, Resource
from akoo_core.telemetry import metrics

Object = dict[str, Any]
NOTHINGS = Resource("contract.akoo.io", "v1", "nothings", "Nothing")


def config_map(name: str, data: dict[str, str], **metadata: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": metadata.pop("namespace", ""), **metadata},
        "data": data,
    }


def widget(api: Any, name: str, spec: Object | None = None, **metadata: Any) -> Object:
    return {
        "apiVersion": api.widgets.api_version,
        "kind": "Widget",
        "metadata": {"name": name, "namespace": api.namespace, **metadata},
        "spec": spec or {},
    }


async def make(api: Any, name: str, data: dict[str, str] | None = None, **metadata: Any) -> Object:
    obj = config_map(name, data or {}, namespace=api.namespace, **metadata)
    made: Object = await api.client.create(CONFIG_MAPS, obj)
    return made


# Preconditions of a deletion.


async def test_delete_with_the_version_that_was_seen(api: Any) -> None:
    made = await make(api, "one")
    newer = await api.client.merge_patch(CONFIG_MAPS, "one", {"data": {"a": "1"}}, api.namespace)
    uid, seen = made["metadata"]["uid"], made["metadata"]["resourceVersion"]
    for wrong in ({"uid": uid, "resource_version": seen}, {"uid": "u", "resource_version": seen}):
        with pytest.raises(errors.ConflictError, match="recondition"):
            await api.client.delete(CONFIG_MAPS, "one", api.namespace, **wrong)
    version = newer["metadata"]["resourceVersion"]
    await api.client.delete(CONFIG_MAPS, "one", api.namespace, uid=uid, resource_version=version)
    with pytest.raises(errors.NotFoundError):
        await api.client.get(CONFIG_MAPS, "one", api.namespace)


# Reads and creation.


async def test_create_answers_the_object_with_what_the_server_sets(api: Any) -> None:
    made = await make(api, "one", {"a": "1"})
    assert made["metadata"]["uid"]
    assert made["metadata"]["creationTimestamp"].endswith("Z")
    assert int(made["metadata"]["resourceVersion"]) > 0
    assert "generation" not in made["metadata"]
    assert await api.client.get(CONFIG_MAPS, "one", api.namespace) == made


async def test_create_of_an_existing_name(api: Any) -> None:
    await make(api, "one")
    with pytest.raises(errors.AlreadyExistsError, match="one"):
        await make(api, "one")


async def test_create_refuses_a_resource_version(api: Any) -> None:
    with pytest.raises(errors.ServerError):  # a 500, of all things
        await make(api, "one", resourceVersion="1")


async def test_create_without_a_name(api: Any) -> None:
    with pytest.raises(errors.InvalidError):
        await make(api, "")


async def test_create_in_a_namespace_that_is_not_there(api: Any) -> None:
    obj = config_map("one", {}, namespace="nowhere")
    with pytest.raises(errors.NotFoundError) as caught:
        await api.client.create(CONFIG_MAPS, obj)
    assert not caught.value.kind_missing


async def test_absent_object_and_absent_kind_are_told_apart(api: Any) -> None:
    with pytest.raises(errors.NotFoundError, match="one") as caught:
        await api.client.get(CONFIG_MAPS, "one", api.namespace)
    assert not caught.value.kind_missing
    with pytest.raises(errors.NotFoundError) as caught:
        await api.client.list(NOTHINGS, api.namespace)
    assert caught.value.kind_missing
    with pytest.raises(errors.NotFoundError) as caught:
        await api.client.get(NOTHINGS, "one", api.namespace)
    assert caught.value.kind_missing


async def test_custom_resource_has_generation_and_loses_its_status_on_create(api: Any) -> None:
    made = await api.client.create(
        api.widgets, widget(api, "w", {"size": 1}) | {"status": {"x": 1}}
    )
    assert made["metadata"]["generation"] == 1
    assert "status" not in made


# Lists.


async def test_list_is_sorted_and_has_kinds(api: Any) -> None:
    for name in ("b", "a"):
        await make(api, name)
    page = await api.client.list(CONFIG_MAPS, api.namespace)
    names = [obj["metadata"]["name"] for obj in page.items]
    assert [n for n in names if n in "ab"] == ["a", "b"]
    assert {(obj["apiVersion"], obj["kind"]) for obj in page.items} == {("v1", "ConfigMap")}
    assert page.token == ""
    assert int(page.resource_version) > 0


async def test_list_pages_are_one_state(api: Any) -> None:
    for name in ("a", "b", "c"):
        await api.client.create(api.widgets, widget(api, name))
    first = await api.client.list(api.widgets, api.namespace, limit=2)
    await api.client.delete(api.widgets, "c", api.namespace)
    second = await api.client.list(api.widgets, api.namespace, limit=2, token=first.token)
    assert [o["metadata"]["name"] for o in first.items + second.items] == ["a", "b", "c"]
    assert first.token
    assert not second.token
    assert first.resource_version == second.resource_version


async def test_list_by_labels_and_fields(api: Any) -> None:
    await make(api, "red", labels={"color": "red"})
    await make(api, "blue", labels={"color": "blue", "big": "yes"})

    async def names(labels: str = "", fields: str = "") -> list[str]:
        page = await api.client.list(
            CONFIG_MAPS, api.namespace, label_selector=labels, field_selector=fields
        )
        listed = {obj["metadata"]["name"] for obj in page.items}
        return sorted(listed & {"red", "blue"})

    assert await names("color=red") == ["red"]
    assert await names("color!=red") == ["blue"]
    assert await names("color in (red, green)") == ["red"]
    assert await names("color notin (red)") == ["blue"]
    assert await names("big") == ["blue"]
    assert await names("!big") == ["red"]
    assert await names("color=blue,big=yes") == ["blue"]
    assert await names(fields="metadata.name=red") == ["red"]
    assert await names(fields="metadata.name!=red") == ["blue"]
    with pytest.raises(errors.InvalidError):
        await names("color in red")


async def test_list_of_metadata_only(api: Any) -> None:
    await api.client.create(SECRETS, _secret(api))
    page = await api.client.list(SECRETS, api.namespace, metadata_only=True)
    assert [(o["kind"], o["apiVersion"], o["metadata"]["name"]) for o in page.items] == [
        ("Secret", "v1", "s")
    ]
    assert set(page.items[0]) == {"kind", "apiVersion", "metadata"}


def _secret(api: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": api.namespace},
        "data": {"k": "dg=="},
    }


async def test_list_from_the_future(api: Any) -> None:
    with pytest.raises(errors.TooLargeVersionError):
        await api.client.list(api.widgets, api.namespace, resource_version="999999999999")


# Replace.


async def test_replace_checks_the_resource_version(api: Any) -> None:
    made = await api.client.create(api.widgets, widget(api, "w", {"size": 1}))
    newer = await api.client.replace(api.widgets, made | {"spec": {"size": 2}})
    assert newer["metadata"]["generation"] == 2
    with pytest.raises(errors.ConflictError):
        await api.client.replace(api.widgets, made | {"spec": {"size": 3}})


async def test_replace_without_a_version(api: Any) -> None:
    await make(api, "one", {"a": "1"})
    later = await api.client.replace(
        CONFIG_MAPS, config_map("one", {"b": "2"}, namespace=api.namespace)
    )
    assert later["data"] == {"b": "2"}
    await api.client.create(api.widgets, widget(api, "w"))
    with pytest.raises(errors.InvalidError):
        await api.client.replace(api.widgets, widget(api, "w", {"size": 2}))


async def test_replace_of_another_uid(api: Any) -> None:
    made = await make(api, "one")
    other = made | {"metadata": made["metadata"] | {"uid": "00000000-0000-0000-0000-000000000000"}}
    with pytest.raises(errors.ConflictError):
        await api.client.replace(CONFIG_MAPS, other)


async def test_a_write_that_changes_nothing_is_none(api: Any) -> None:
    made = await make(api, "one", {"a": "1"})
    assert await api.client.replace(CONFIG_MAPS, made) == made
    patched = await api.client.merge_patch(CONFIG_MAPS, "one", {"data": {"a": "1"}}, api.namespace)
    assert patched == made


async def test_status_is_a_world_of_its_own(api: Any) -> None:
    made = await api.client.create(api.widgets, widget(api, "w", {"size": 1}))
    both = made | {"spec": {"size": 9}, "status": {"ready": True}}
    status = await api.client.replace(api.widgets, both, subresource="status")
    assert (status["spec"], status["status"]) == ({"size": 1}, {"ready": True})
    assert status["metadata"]["generation"] == 1
    spec = await api.client.replace(
        api.widgets, status | {"spec": {"size": 2}, "status": {"ready": False}}
    )
    assert (spec["spec"], spec["status"]) == ({"size": 2}, {"ready": True})
    assert spec["metadata"]["generation"] == 2
    patched = await api.client.merge_patch(
        api.widgets, "w", {"status": {"ready": None, "n": 1}}, api.namespace, subresource="status"
    )
    assert patched["status"] == {"n": 1}


async def test_metadata_cannot_be_changed_through_status(api: Any) -> None:
    await api.client.create(api.widgets, widget(api, "w"))
    patch = {"metadata": {"labels": {"a": "b"}}, "status": {"x": 1}}
    after = await api.client.merge_patch(
        api.widgets, "w", patch, api.namespace, subresource="status"
    )
    assert "labels" not in after["metadata"]


# Patches.


async def test_merge_patch(api: Any) -> None:
    made = await make(api, "one", {"a": "1", "b": "2"}, labels={"x": "y"})
    patch = {"data": {"a": None, "c": "3"}, "metadata": {"annotations": {"n": "m"}}}
    after = await api.client.merge_patch(CONFIG_MAPS, "one", patch, api.namespace)
    assert after["data"] == {"b": "2", "c": "3"}
    assert after["metadata"]["labels"] == {"x": "y"}
    assert after["metadata"]["annotations"] == {"n": "m"}
    stale = {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"]}, "data": {}}
    with pytest.raises(errors.ConflictError):
        await api.client.merge_patch(
            CONFIG_MAPS, "one", stale | {"data": {"z": "1"}}, api.namespace
        )
    with pytest.raises(errors.NotFoundError):
        await api.client.merge_patch(CONFIG_MAPS, "two", {"data": {}}, api.namespace)


def conflicts() -> float:
    """Patches of ConfigMaps that were counted as conflicts."""
    return sum(
        sample.value
        for family in metrics.REGISTRY.collect()
        for sample in family.samples
        if sample.name == "akoo_external_requests_total"
        and sample.labels["operation"] == "patch configmaps"
        and sample.labels["outcome"] == "ConflictError"
    )


async def test_json_patch_with_a_test(api: Any) -> None:
    made = await make(api, "one", {"a": "1"}, finalizers=["akoo.io/a", "akoo.io/b"])
    version = made["metadata"]["resourceVersion"]
    patch = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": version},
        {"op": "remove", "path": "/metadata/finalizers/0"},
        {"op": "add", "path": "/metadata/annotations", "value": {"akoo.io/x": "1"}},
        {"op": "add", "path": "/metadata/annotations/akoo.io~1y", "value": "2"},
        {"op": "replace", "path": "/data/a", "value": "2"},
    ]
    after = await api.client.json_patch(CONFIG_MAPS, "one", patch, api.namespace)
    assert after["metadata"]["finalizers"] == ["akoo.io/b"]
    assert after["metadata"]["annotations"] == {"akoo.io/x": "1", "akoo.io/y": "2"}
    assert after["data"] == {"a": "2"}
    before = conflicts()
    with pytest.raises(errors.ConflictError):
        await api.client.json_patch(CONFIG_MAPS, "one", patch, api.namespace)
    assert conflicts() == before + 1, "it counts as a conflict, not as an invalid request"
    with pytest.raises(errors.InvalidError):
        await api.client.json_patch(
            CONFIG_MAPS, "one", [{"op": "remove", "path": "/data/zz"}], api.namespace
        )


async def test_json_patch_appends(api: Any) -> None:
    await make(api, "one", finalizers=["akoo.io/a"])
    patch = [{"op": "add", "path": "/metadata/finalizers/-", "value": "akoo.io/b"}]
    after = await api.client.json_patch(CONFIG_MAPS, "one", patch, api.namespace)
    assert after["metadata"]["finalizers"] == ["akoo.io/a", "akoo.io/b"]


# Deletion.


async def test_delete(api: Any) -> None:
    made = await make(api, "one")
    with pytest.raises(errors.ConflictError):
        await api.client.delete(CONFIG_MAPS, "one", api.namespace, uid="not-it")
    await api.client.delete(CONFIG_MAPS, "one", api.namespace, uid=made["metadata"]["uid"])
    with pytest.raises(errors.NotFoundError):
        await api.client.delete(CONFIG_MAPS, "one", api.namespace)


async def test_a_finalizer_holds(api: Any) -> None:
    await api.client.create(api.widgets, widget(api, "w", finalizers=["akoo.io/a"]))
    await api.client.delete(api.widgets, "w", api.namespace)
    held = await api.client.get(api.widgets, "w", api.namespace)
    assert held["metadata"]["deletionTimestamp"]
    assert held["metadata"]["deletionGracePeriodSeconds"] == 0
    assert held["metadata"]["generation"] == 2
    await api.client.delete(api.widgets, "w", api.namespace)
    assert await api.client.get(api.widgets, "w", api.namespace) == held
    more = {"metadata": {"finalizers": ["akoo.io/a", "akoo.io/b"]}}
    with pytest.raises(errors.InvalidError):
        await api.client.merge_patch(api.widgets, "w", more, api.namespace)
    free = {"metadata": {"finalizers": None}}
    last = await api.client.merge_patch(api.widgets, "w", free, api.namespace)
    assert "finalizers" not in last["metadata"]
    with pytest.raises(errors.NotFoundError):
        await api.client.get(api.widgets, "w", api.namespace)


async def test_propagation_leaves_a_finalizer_for_the_garbage_collector(api: Any) -> None:
    for name, propagation, finalizer in (
        ("fore", "Foreground", "foregroundDeletion"),
        ("orph", "Orphan", "orphan"),
    ):
        await make(api, name)
        await api.client.delete(CONFIG_MAPS, name, api.namespace, propagation=propagation)
        held = await api.client.get(CONFIG_MAPS, name, api.namespace)
        assert held["metadata"]["finalizers"] == [finalizer]


async def test_system_metadata_survives_writes(api: Any) -> None:
    made = await api.client.create(api.widgets, widget(api, "w", finalizers=["akoo.io/a"]))
    patch = {"metadata": {"creationTimestamp": None, "generation": 77, "deletionTimestamp": None}}
    after = await api.client.merge_patch(
        api.widgets, "w", patch | {"spec": {"size": 1}}, api.namespace
    )
    for name in ("uid", "creationTimestamp", "name"):
        assert after["metadata"][name] == made["metadata"][name]
    assert after["metadata"]["generation"] == 2


# Server-side apply.


async def apply(api: Any, obj: Object, manager: str = "one", **options: Any) -> Object:
    applied: Object = await api.client.apply(
        _resource(api, obj), obj, field_manager=manager, **options
    )
    return applied


def _resource(api: Any, obj: Object) -> Resource:
    resource: Resource = CONFIG_MAPS if obj["kind"] == "ConfigMap" else api.widgets
    return resource


async def test_apply_creates_changes_and_takes_back(api: Any) -> None:
    first = await apply(
        api, config_map("one", {"a": "1", "b": "1"}, namespace=api.namespace, labels={"l": "1"})
    )
    assert first["data"] == {"a": "1", "b": "1"}
    second = await apply(api, config_map("one", {"a": "2"}, namespace=api.namespace))
    assert second["data"] == {"a": "2"}
    assert "labels" not in second["metadata"]
    assert second["metadata"]["uid"] == first["metadata"]["uid"]


async def test_apply_twice_writes_once(api: Any) -> None:
    obj = widget(api, "w", {"size": 1})
    first = await apply(api, obj)
    assert await apply(api, obj) == first


async def test_an_entry_of_managed_fields_has_the_time_of_the_last_change(api: Any) -> None:
    """Of values as well as of fields; an apply that changes nothing leaves it."""

    async def applied(value: int) -> str:
        after = await apply(api, widget(api, "w", {"size": value}))
        (entry,) = after["metadata"]["managedFields"]
        return str(entry["time"])

    first, value = await applied(1), 1
    async with asyncio.timeout(20):
        while (later := await applied(value := value + 1)) == first:
            await api.passes()
    assert later > first
    assert await applied(value) == later


async def test_apply_leaves_what_others_own(api: Any) -> None:
    await apply(api, config_map("one", {"a": "1", "b": "1"}, namespace=api.namespace))
    await apply(api, config_map("one", {"b": "1", "c": "2"}, namespace=api.namespace), "two")
    after = await apply(api, config_map("one", {}, namespace=api.namespace))
    assert after["data"] == {"b": "1", "c": "2"}
    owners = {(e["manager"], e["operation"]) for e in after["metadata"]["managedFields"]}
    assert ("two", "Apply") in owners


async def test_apply_conflicts_and_force(api: Any) -> None:
    await apply(api, config_map("one", {"a": "1"}, namespace=api.namespace))
    theirs = config_map("one", {"a": "2"}, namespace=api.namespace)
    with pytest.raises(errors.ConflictError, match="one"):
        await apply(api, theirs, "two", force=False)
    assert (await apply(api, theirs, "two"))["data"] == {"a": "2"}
    back = await apply(api, config_map("one", {}, namespace=api.namespace))
    assert back["data"] == {"a": "2"}, "it belongs to two now"


async def test_update_takes_ownership_from_apply(api: Any) -> None:
    mine = config_map("one", {"a": "1"}, namespace=api.namespace)
    await apply(api, mine)
    await api.client.merge_patch(CONFIG_MAPS, "one", {"data": {"a": "9"}}, api.namespace)
    with pytest.raises(errors.ConflictError):
        await apply(api, mine, force=False)
    assert (await apply(api, mine))["data"] == {"a": "1"}


async def test_apply_with_a_uid_never_creates(api: Any) -> None:
    uid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    with pytest.raises(errors.ConflictError):
        await apply(api, config_map("one", {}, namespace=api.namespace, uid=uid))
    await make(api, "one")
    with pytest.raises(errors.ConflictError):
        await apply(api, config_map("one", {"a": "1"}, namespace=api.namespace, uid=uid))


async def test_apply_over_the_version_that_was_seen(api: Any) -> None:
    seen = await apply(api, config_map("one", {"a": "1"}, namespace=api.namespace))
    version = seen["metadata"]["resourceVersion"]
    mine = config_map("one", {"a": "2"}, namespace=api.namespace, resourceVersion=version)
    changed = await apply(api, mine)
    assert changed["data"] == {"a": "2"}
    late = config_map("one", {"a": "1"}, namespace=api.namespace, resourceVersion=version)
    with pytest.raises(errors.ConflictError):
        await apply(api, late)
    assert await api.client.get(CONFIG_MAPS, "one", api.namespace) == changed


async def test_apply_with_a_version_creates_what_is_gone(api: Any) -> None:
    seen = await apply(api, config_map("one", {"a": "1"}, namespace=api.namespace))
    await api.client.delete(CONFIG_MAPS, "one", api.namespace)
    version, uid = seen["metadata"]["resourceVersion"], seen["metadata"]["uid"]
    late = config_map("one", {"a": "2"}, namespace=api.namespace, resourceVersion=version)
    late["metadata"]["uid"] = uid
    with pytest.raises(errors.ConflictError):
        await apply(api, late)
    del late["metadata"]["uid"]
    assert (await apply(api, late))["data"] == {"a": "2"}


async def test_apply_with_the_version_of_nothing_only_creates(api: Any) -> None:
    """Revision 1 is that of an etcd without objects."""
    new = config_map("one", {"a": "1"}, namespace=api.namespace, resourceVersion="1")
    made = await apply(api, new, force=False)
    assert made["data"] == {"a": "1"}
    assert made["metadata"]["managedFields"][0]["operation"] == "Apply"
    for force in (False, True):
        with pytest.raises(errors.ConflictError):
            await apply(api, new, force=force)


async def test_dry_run_changes_nothing(api: Any) -> None:
    before = await make(api, "one", {"a": "1"})
    tried = await apply(api, config_map("one", {"a": "2"}, namespace=api.namespace), dry_run=True)
    assert tried["data"] == {"a": "2"}
    assert await api.client.get(CONFIG_MAPS, "one", api.namespace) == before
    await apply(api, config_map("two", {}, namespace=api.namespace), dry_run=True)
    with pytest.raises(errors.NotFoundError):
        await api.client.get(CONFIG_MAPS, "two", api.namespace)


async def test_dry_run_of_what_is_there_already_answers_the_same(api: Any) -> None:
    obj = widget(api, "w", {"size": 1})
    first = await apply(api, obj)
    assert await apply(api, obj, dry_run=True) == first


async def test_apply_of_conditions_by_two_managers(api: Any) -> None:
    await api.client.create(api.widgets, widget(api, "w"))

    def status(kind: str, value: str) -> Object:
        obj = widget(api, "w")
        del obj["spec"]
        return obj | {"status": {"conditions": [{"type": kind, "status": value}]}}

    await apply(api, status("A", "True"), "a", subresource="status")
    await apply(api, status("B", "True"), "b", subresource="status")
    both = await apply(api, status("A", "False"), "a", subresource="status")
    assert both["status"]["conditions"] == [
        {"type": "A", "status": "False"},
        {"type": "B", "status": "True"},
    ]
    await apply(api, widget(api, "w", {"size": 3}) | {"status": {"x": 1}}, "c")
    after = await api.client.get(api.widgets, "w", api.namespace)
    assert after["spec"] == {"size": 3}
    assert "x" not in after["status"]


def conditions(api: Any, **status: Any) -> Object:
    """A widget of which only conditions by type are said."""
    obj = widget(api, "w")
    del obj["spec"]
    listed = [
        {"type": kind} | ({"status": value} if value else {}) for kind, value in status.items()
    ]
    # Without a phase the real server makes null of a status that it empties, and refuses that.
    return obj | {"status": {"phase": "P"} | ({"conditions": listed} if listed else {})}


async def say(api: Any, manager: str, **status: Any) -> Any:
    """The conditions after ``manager`` has set these."""
    after = await apply(api, conditions(api, **status), manager, subresource="status")
    return after.get("status", {}).get("conditions")


async def test_apply_takes_an_item_back_with_all_its_fields(api: Any) -> None:
    await api.client.create(api.widgets, widget(api, "w"))
    await say(api, "a", A="True", B="True")
    assert await say(api, "a", B="True") == [{"type": "B", "status": "True"}]
    assert await say(api, "a", C="False") == [{"type": "C", "status": "False"}]
    assert not await say(api, "a")


async def test_apply_leaves_an_item_that_another_has_too(api: Any) -> None:
    await api.client.create(api.widgets, widget(api, "w"))
    await say(api, "a", A="True", B="True")
    assert await say(api, "b", A=None) == [
        {"type": "A", "status": "True"},
        {"type": "B", "status": "True"},
    ]
    assert await say(api, "a") == [{"type": "A"}]
    assert not await say(api, "b")


async def test_apply_takes_an_item_back_of_which_another_wrote_a_field(api: Any) -> None:
    a = {"type": "A", "status": "True", "reason": "Seen"}
    b = {"type": "B", "status": "True"}
    await api.client.create(api.widgets, widget(api, "w"))
    await say(api, "a", A="True", B="True")
    patch = {"status": {"conditions": [a, b]}}
    await api.client.merge_patch(api.widgets, "w", patch, api.namespace, subresource="status")
    assert await say(api, "a", B="True") == [b]


async def test_what_was_applied_as_empty_is_not_taken_from_others(api: Any) -> None:
    name, where = "emptied", api.namespace
    await apply(api, config_map(name, {"mine": "1"}, namespace=where), "a")
    await apply(api, config_map(name, {}, namespace=where), "a")
    patch = {"data": {"theirs": "2"}}
    await api.client.merge_patch(CONFIG_MAPS, name, patch, where)
    after = await apply(api, config_map(name, {"mine": "3"}, namespace=where), "a")
    assert after["data"] == {"mine": "3", "theirs": "2"}


async def test_apply_takes_containers_back(api: Any) -> None:
    def pod(*containers: str) -> Object:
        listed = [{"name": container, "image": "busybox"} for container in containers]
        return {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": "s", "namespace": api.namespace},
            "spec": {
                "serviceName": "s",
                "selector": {"matchLabels": {"a": "b"}},
                "template": {
                    "metadata": {"labels": {"a": "b"}},
                    "spec": {"containers": listed},
                },
            },
        }

    await api.client.apply(STATEFUL_SETS, pod("one", "two"), field_manager="one")
    after = await api.client.apply(STATEFUL_SETS, pod("two"), field_manager="one")
    containers = after["spec"]["template"]["spec"]["containers"]
    assert [container["name"] for container in containers] == ["two"]


async def test_apply_of_finalizers_is_a_set(api: Any) -> None:
    await make(api, "one", finalizers=["akoo.io/a"])
    obj = config_map("one", {}, namespace=api.namespace, finalizers=["akoo.io/b"])
    after = await apply(api, obj)
    assert sorted(after["metadata"]["finalizers"]) == ["akoo.io/a", "akoo.io/b"]
    back = await apply(api, config_map("one", {}, namespace=api.namespace))
    assert back["metadata"]["finalizers"] == ["akoo.io/a"]


async def test_apply_refuses_managed_fields(api: Any) -> None:
    made = await make(api, "one", {"a": "1"})
    with pytest.raises(errors.InvalidError):
        await apply(api, made)


# Watches.


class Watch:
    """One watch, read step by step with a deadline."""

    def __init__(self, events: Any) -> None:
        self._events = events

    async def next(self) -> client_.WatchEvent:
        event: client_.WatchEvent = await asyncio.wait_for(anext(self._events), 10)
        return event

    async def names(self, count: int) -> list[tuple[str, str]]:
        events = [await self.next() for _ in range(count)]
        return [(event.type, event.object["metadata"]["name"]) for event in events]


@contextlib.asynccontextmanager
async def watching(api: Any, resource: Resource, **options: Any) -> Any:
    async with contextlib.aclosing(api.client.watch(resource, api.namespace, **options)) as events:
        yield Watch(events)


async def test_watch_from_a_version(api: Any) -> None:
    made = await api.client.create(api.widgets, widget(api, "w", {"size": 1}))
    since = made["metadata"]["resourceVersion"]
    async with watching(api, api.widgets, resource_version=since) as watch:
        await api.client.merge_patch(api.widgets, "w", {"spec": {"size": 2}}, api.namespace)
        await api.client.create(api.widgets, widget(api, "v"))
        await api.client.delete(api.widgets, "w", api.namespace)
        events = [await watch.next() for _ in range(3)]
    assert [(e.type, e.object["metadata"]["name"]) for e in events] == [
        ("MODIFIED", "w"),
        ("ADDED", "v"),
        ("DELETED", "w"),
    ]
    versions = [int(e.object["metadata"]["resourceVersion"]) for e in events]
    assert versions == sorted(set(versions))
    assert versions[0] > int(since)
    assert {(e.object["apiVersion"], e.object["kind"]) for e in events} == {
        (api.widgets.api_version, "Widget")
    }


async def test_watch_sees_only_its_labels(api: Any) -> None:
    page = await api.client.list(api.widgets, api.namespace)
    async with watching(
        api, api.widgets, resource_version=page.resource_version, label_selector="on=yes"
    ) as watch:
        await api.client.create(api.widgets, widget(api, "other"))
        await api.client.create(api.widgets, widget(api, "w", labels={"on": "yes"}))
        await api.client.merge_patch(
            api.widgets, "w", {"metadata": {"labels": {"on": "no"}}}, api.namespace
        )
        await api.client.merge_patch(
            api.widgets, "w", {"metadata": {"labels": {"on": "yes"}}}, api.namespace
        )
        assert await watch.names(3) == [("ADDED", "w"), ("DELETED", "w"), ("ADDED", "w")]


async def test_watch_list(api: Any) -> None:
    await api.client.create(api.widgets, widget(api, "w"))
    async with watching(api, api.widgets, send_initial_events=True) as watch:
        assert await watch.names(1) == [("ADDED", "w")]
        end = await watch.next()
        assert end.type == "BOOKMARK"
        assert end.object["metadata"]["annotations"]["k8s.io/initial-events-end"] == "true"
        assert int(end.object["metadata"]["resourceVersion"]) > 0
        await api.client.delete(api.widgets, "w", api.namespace)
        assert await watch.names(1) == [("DELETED", "w")]


async def test_watch_without_a_version_starts_with_what_is_there(api: Any) -> None:
    await api.client.create(api.widgets, widget(api, "w"))
    async with watching(api, api.widgets) as watch:
        assert await watch.names(1) == [("ADDED", "w")]


async def test_watch_of_metadata_only(api: Any) -> None:
    await api.client.create(SECRETS, _secret(api))
    async with watching(api, SECRETS, metadata_only=True) as watch:
        event = await watch.next()
    assert (event.object["kind"], event.object["metadata"]["name"]) == ("Secret", "s")
    assert "data" not in event.object


async def test_watch_of_a_deletion_held_by_a_finalizer(api: Any) -> None:
    made = await api.client.create(api.widgets, widget(api, "w", finalizers=["akoo.io/a"]))
    since = made["metadata"]["resourceVersion"]
    async with watching(api, api.widgets, resource_version=since) as watch:
        await api.client.delete(api.widgets, "w", api.namespace)
        await api.client.merge_patch(
            api.widgets, "w", {"metadata": {"finalizers": None}}, api.namespace
        )
        assert await watch.names(2) == [("MODIFIED", "w"), ("DELETED", "w")]


async def test_watch_of_an_absent_kind(api: Any) -> None:
    with pytest.raises(errors.NotFoundError) as caught:
        async with watching(api, NOTHINGS) as watch:
            await watch.next()
    assert caught.value.kind_missing


async def test_watch_from_a_forgotten_version(api: Any) -> None:
    await api.client.create(api.widgets, widget(api, "w"))
    with pytest.raises(errors.GoneError):
        async with watching(api, api.widgets, resource_version=api.forgotten()) as watch:
            await watch.next()


# Everything else.


async def test_raw(api: Any) -> None:
    version = await api.client.raw("/version")
    assert version["major"] == "1"
    group = await api.client.raw(f"/apis/{api.widgets.group}")
    assert group["versions"] == [{"groupVersion": api.widgets.api_version, "version": "v1"}]
    with pytest.raises(errors.NotFoundError):
        await api.client.raw("/apis/nothing.akoo.io")


async def test_kube_system_is_there(api: Any) -> None:
    namespace = await api.client.get(NAMESPACES, "kube-system")
    assert namespace["metadata"]["uid"]
    assert "namespace" not in namespace["metadata"]
