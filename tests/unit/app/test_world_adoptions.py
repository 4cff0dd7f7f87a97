"""The caches answer about adoptions as the records say, and decode only those that failed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import structs
from akoo_core.app import world as world_
from akoo_core.kube import resource
from akoo_core.objects import config as configs
from akoo_core.objects import record
from tests.unit.reconcile import reconcile_builders as builders

NAME, UID = "default", "c-1"
METADATA = {"name": NAME, "uid": UID, "creationTimestamp": "2026-01-01T00:00:00Z"}
CONFIG = configs.from_object({"metadata": METADATA, "spec": {}})
adoptions = st.builds(
    record.Adoption,
    started_at=st.just(builders.NOW),
    ended_at=st.sampled_from([None, builders.NOW]),
    failure=st.sampled_from(["", "AdoptionWouldRestart"]),
)
leavings = st.builds(
    record.Leaving, cause=st.just("ClusterDeleted"), started_at=st.just(builders.NOW)
)
specs = st.fixed_dictionaries(
    {
        "adoption": st.none() | adoptions,
        "leaving": st.none() | leavings,
        "finished_at": st.sampled_from([None, builders.NOW]),
        "config_ref": st.builds(
            record.ConfigRef, name=st.sampled_from([NAME, "other"]), uid=st.sampled_from([UID, "x"])
        ),
    }
)


def filled(listed: list[dict[str, Any]]) -> tuple[world_.CachedWorld, list[record.Record]]:
    """The caches with one record for each spec."""
    world, records = world_.CachedWorld("mgmt", resource.CLUSTERS), []
    world.record_objects.replace([])
    kind = resource.AKO_DEPLOYMENTS
    for number, spec in enumerate(listed):
        made = structs.replace(builders.make_record(**spec), name=f"akoo-{number}")
        metadata = METADATA | {"name": made.name, "resourceVersion": str(number + 1)}
        obj = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}
        spec_ = structs.to_object(made.spec)
        world.record_objects.put(world.record_objects.item({**obj, "spec": spec_}))
        records.append(made)
    return world, records


@given(listed=st.lists(specs, max_size=6))
def test_the_caches_show_what_the_records_say(listed: list[dict[str, Any]]) -> None:
    world, records = filled(listed)
    shown = world.adoptions(CONFIG)
    begun = [each for each in records if each.spec.adoption is not None]
    mine = [
        each
        for each in begun
        if each.spec.config_ref.uid == UID
        and each.spec.leaving is None
        and each.spec.finished_at is None
        and each.spec.adoption is not None
        and each.spec.adoption.ended_at is None
    ]
    assert shown.begun == {each.name for each in begun if each.spec.config_ref.name == NAME}
    assert shown.under_way == {each.name for each in mine}
    failed = {each.name for each in mine if each.spec.adoption and each.spec.adoption.failure}
    assert {each.name for each in shown.failed} == failed


def test_no_record_is_decoded_but_those_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each record that waits for its turn asks again and again."""
    ref = record.ConfigRef(name=NAME, uid=UID)
    waits: dict[str, Any] = {"config_ref": ref}
    adopts = {**waits, "adoption": record.Adoption(started_at=builders.NOW)}
    failed = record.Adoption(started_at=builders.NOW, failure="AdoptionWouldRestart")
    world, _ = filled([waits, adopts, {**waits, "adoption": failed}, waits])
    decoded: list[str] = []

    def counted(obj: structs.JSON) -> record.Record:
        decoded.append(obj["metadata"]["name"])
        return record.from_object(obj)

    monkeypatch.setattr(world_, "from_object", counted)
    shown = world.adoptions(CONFIG)
    assert decoded == ["akoo-2"]
    assert shown.under_way == {"akoo-1", "akoo-2"}
