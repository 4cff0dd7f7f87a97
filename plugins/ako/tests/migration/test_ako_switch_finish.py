"""`akoo-core migrate-akoo finish`: what it deletes, what it leaves, and what it waits for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from akoo_ako.migration.steps import adoption
from akoo_ako.migration.switch import finish
from akoo_testbed.ancestor import objects

from akoo_core import structs
from akoo_core.testing import builders
from tests.ako.ancestor_place import AncestorPlace, CrashError

ADDON = "{}-load-balancer-and-ingress-service-addon"
BOOTSTRAPS = "run.tanzu.vmware.com/v1alpha3/ClusterBootstrap"


@pytest.fixture(autouse=True)
def _adopts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adoption, "possible", lambda: True)


def adopted(place: AncestorPlace, name: str, **spec: Any) -> Any:
    """A record that has adopted the AKO of a Cluster."""
    made = builders.record()
    uid = place.get(objects.CLUSTERS, name)["metadata"]["uid"]
    ref = structs.replace(made.spec.cluster_ref, uid=uid)
    spec = {"cluster_ref": ref, "ako_cluster_name": f"team-a-{name}", **spec}
    return structs.replace(made, spec=structs.replace(made.spec, **spec))


def switched() -> AncestorPlace:
    """A place after its switch, with both AKOs adopted."""
    place = AncestorPlace()
    place.run()
    place.records = (adopted(place, "shop"), adopted(place, "till"))
    place.operator = "pod-1"
    return place


def secrets(place: AncestorPlace) -> set[str]:
    return {each["metadata"]["name"] for each in place.all(objects.SECRETS)}


def reasons(place: AncestorPlace) -> set[tuple[str, str]]:
    """Of the refusal, which changes nothing."""
    before = place.end()
    answer = place.finish()
    assert answer.exit_code == 1
    assert place.end() == before
    return {(each["reason"], each["object"]) for each in answer.data["blockers"]}


def test_without_a_switch_there_is_nothing_to_finish() -> None:
    place = AncestorPlace()
    assert place.finish().lines == (finish.NOTHING,)
    place.run()
    place.back()
    assert place.finish().lines == (finish.NOTHING,)


def test_it_deletes_the_values_and_the_journal_and_nothing_else() -> None:
    place = switched()
    before = place.end()
    preview = asyncio.run(finish.preview(place.context()))
    assert place.end() == before
    answer = place.finish()
    assert (answer.exit_code, answer.lines[-1]) == (0, finish.LEFT)
    assert answer.data == preview.data
    gone = {f"/secrets/team-a/{ADDON.format(name)}" for name in ("shop", "till")}
    assert before.keys() - place.end().keys() == {*gone, "/configmaps/akoo-system/akoo-migration-0"}
    assert {key: before[key] for key in place.end()} == place.end()
    assert place.back().lines == ("There is no switch to undo.",)
    assert place.finish().lines == (finish.NOTHING,)


def test_values_that_somebody_acts_on_stay() -> None:
    """A deletion would make TKG's controllers remove AKO."""
    place = switched()
    held = {"metadata": {"finalizers": ["tkg.tanzu.vmware.com/addon"]}}
    place.patch(objects.SECRETS, ADDON.format("shop"), held, "team-a")
    place.seed(BOOTSTRAPS, "till", "team-a")
    answer = place.finish()
    assert answer.exit_code == 0
    assert {ADDON.format("shop"), ADDON.format("till")} <= secrets(place)
    assert "it has the finalizer tkg.tanzu.vmware.com/addon" in answer.lines[0]
    assert "the ClusterBootstrap of its Cluster reads it" in answer.lines[1]


def test_values_of_a_cluster_that_was_not_switched_stay() -> None:
    place = switched()
    foreign = objects.addon({"metadata": {"name": "other", "namespace": "team-a"}})
    asyncio.run(place.api.create(foreign))
    assert place.finish().exit_code == 0
    assert ADDON.format("other") in secrets(place)


@pytest.mark.parametrize("spec", [{"ako_cluster_name": "akoo-1"}, {"observed": True}])
def test_a_cluster_whose_ako_was_not_adopted_refuses_the_end(spec: dict[str, Any]) -> None:
    place = switched()
    place.records = (adopted(place, "shop", **spec), adopted(place, "till"))
    assert reasons(place) == {("NotAdopted", "Cluster team-a/shop")}
    place.records = place.records[1:]
    assert reasons(place) == {("NotAdopted", "Cluster team-a/shop")}
    place.delete(objects.CLUSTERS, "shop", "team-a")
    assert place.finish().exit_code == 0


def test_a_switch_that_is_not_complete_refuses_the_end() -> None:
    place = switched()
    machine = {"metadata": {"annotations": {objects.HOOK: "ako-operator"}}}
    place.patch(objects.MACHINES, "shop-0", machine, "team-a")
    assert reasons(place) == {("SwitchUnfinished", "Machine team-a/shop-0")}


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_an_end_that_was_interrupted_goes_on_and_does_not_turn_round(nth: int) -> None:
    expected = switched()
    expected.finish()
    place = switched()
    operation = ("replace configmaps", "delete secrets", "delete secrets")[nth - 1]
    operation = "update configmaps" if nth == 1 else operation
    place.server.faults.after(operation, CrashError(), nth=max(1, nth - 1))
    with pytest.raises(CrashError):
        place.finish()
    for command in (place.run, place.back):
        answer = command()
        if command == place.back:
            assert [each["reason"] for each in answer.data["blockers"]] == ["SwitchFinished"]
    assert place.finish().exit_code == 0
    assert place.end() == expected.end()


def test_an_end_that_has_begun_goes_on_beside_new_marks() -> None:
    """There is no way back to a switch, so that it must not be asked for."""
    place = switched()
    place.server.faults.after("update configmaps", CrashError())
    with pytest.raises(CrashError):
        place.finish()
    machine = {"metadata": {"annotations": {objects.HOOK: "ako-operator"}}}
    place.patch(objects.MACHINES, "shop-0", machine, "team-a")
    assert place.finish().exit_code == 0
    assert place.all("v1/ConfigMap") == []
