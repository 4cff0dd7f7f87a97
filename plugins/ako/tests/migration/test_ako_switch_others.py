"""Others write the same objects between a look of a switch and its write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from akoo_ako.migration import ancestor
from akoo_ako.migration.steps import adoption
from akoo_ako.migration.switch import journal
from akoo_testbed.ancestor import objects

from akoo_core import errors
from akoo_core.objects import names
from tests.ako.ancestor_place import AncestorPlace, content

MUTATING = "admissionregistration.k8s.io/v1/MutatingWebhookConfiguration"


@pytest.fixture(autouse=True)
def _adopts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adoption, "possible", lambda: True)


@pytest.fixture
def place() -> AncestorPlace:
    return AncestorPlace()


def patching(
    place: AncestorPlace, kind: str, name: str, body: Any, namespace: str | None = "team-a"
) -> Callable[[], Awaitable[Any]]:
    return lambda: place.api.patch(kind, namespace, name, body)


def test_a_finalizer_that_somebody_adds_survives_the_exchange(place: AncestorPlace) -> None:
    """In both directions."""
    for command, owner in ((place.run, names.FINALIZER), (place.back, objects.FINALIZER)):
        present = place.get(objects.CLUSTERS, "shop")["metadata"]["finalizers"]
        added = f"example.com/{len(present)}"
        body = {"metadata": {"finalizers": [added, *present]}}
        place.meanwhile["clusters"] = patching(place, objects.CLUSTERS, "shop", body)
        assert command().exit_code == 0
        after = place.get(objects.CLUSTERS, "shop")["metadata"]["finalizers"]
        assert after[0] == added
        assert owner in after
        place.check_owners()


def test_a_cluster_that_is_deleted_before_its_patch_keeps_the_ancestor(
    place: AncestorPlace,
) -> None:
    """A server refuses a new finalizer then; the others are exchanged."""
    place.meanwhile["clusters"] = lambda: place.api.delete(objects.CLUSTERS, "team-a", "shop")
    answer = place.run()
    assert answer.exit_code == 0
    assert answer.lines[-2].startswith("AncestorFinalizer: Cluster team-a/shop")
    assert place.owners()["Cluster shop"] == [objects.FINALIZER]
    assert place.owners()["Cluster till"] == [names.FINALIZER]


def test_a_cluster_of_the_same_name_made_anew_gets_its_own_entry(place: AncestorPlace) -> None:
    """It has the same finalizers, as after a restore, and is still another object."""
    held: dict[str, Any] = {"metadata": {"finalizers": None}}

    async def replaced() -> None:
        metadata = place.get(objects.CLUSTERS, "shop")["metadata"]
        await place.api.patch(objects.CLUSTERS, "team-a", "shop", held)
        await place.api.delete(objects.CLUSTERS, "team-a", "shop")
        kept = {key: metadata[key] for key in ("labels", "finalizers")}
        place.seed(objects.CLUSTERS, "shop", "team-a", metadata=kept, spec={})

    uid = place.get(objects.CLUSTERS, "shop")["metadata"]["uid"]
    place.meanwhile["clusters"] = replaced
    assert place.run().exit_code == 0
    after = place.get(objects.CLUSTERS, "shop")["metadata"]
    assert after["uid"] != uid
    assert after["finalizers"] == [names.FINALIZER]
    (part,) = place.all("v1/ConfigMap")
    noted = journal.read([part]).of("finalizers")
    assert [each.uid for each in noted if each.name == "shop"] == [after["uid"]]


def test_a_deletion_during_the_way_back_does_not_start_the_ancestor(place: AncestorPlace) -> None:
    """akoo-core has to finish it: the ancestor would not know that it is its own."""
    place.run()
    place.meanwhile["machines"] = lambda: place.api.delete(objects.CLUSTERS, "team-a", "shop")
    with pytest.raises(errors.AkooError, match="Cluster team-a/shop still has the finalizer"):
        place.back()
    operator = place.get(objects.DEPLOYMENTS, objects.OPERATOR)
    assert operator["spec"]["replicas"] == 0
    assert place.owners()["Cluster shop"] == [names.FINALIZER]
    place.patch(objects.CLUSTERS, "shop", {"metadata": {"finalizers": None}}, "team-a")
    assert place.back().exit_code == 0
    place.check_owners()


def test_a_webhook_that_changes_before_its_deletion_is_stored_again(place: AncestorPlace) -> None:
    body = {"metadata": {"labels": {"team": "a"}}}
    name = ancestor.WEBHOOKS[0]
    place.meanwhile["mutatingwebhookconfigurations"] = patching(place, MUTATING, name, body, None)
    assert place.run().exit_code == 0
    assert place.all(MUTATING) == []
    place.back()
    assert content(place.get(MUTATING, name))["metadata"]["labels"] == {"team": "a"}


@pytest.mark.parametrize("value", [None, "somebody"])
def test_a_hook_that_changes_before_its_patch(place: AncestorPlace, value: str | None) -> None:
    """It is looked at again, and comes off in the end."""
    body = {"metadata": {"annotations": {objects.HOOK: value}}}
    place.meanwhile["machines"] = patching(place, objects.MACHINES, "shop-0", body)
    assert place.run().exit_code == 0
    for machine in place.all(objects.MACHINES):
        assert objects.HOOK not in (machine["metadata"].get("annotations") or {})


def test_annotations_that_somebody_adds_survive_the_way_back(place: AncestorPlace) -> None:
    place.run()
    body = {"metadata": {"annotations": {"team": "a"}}}
    place.meanwhile["machines"] = patching(place, objects.MACHINES, "shop-0", body)
    assert place.back().exit_code == 0
    annotations = place.get(objects.MACHINES, "shop-0")["metadata"]["annotations"]
    assert annotations == {"team": "a", objects.HOOK: "ako-operator"}


def test_a_machine_made_anew_gets_no_hook_by_the_way_back(place: AncestorPlace) -> None:
    place.run()
    place.delete(objects.MACHINES, "shop-0", "team-a")
    place.seed(objects.MACHINES, "shop-0", "team-a", spec={})
    assert place.back().exit_code == 0
    assert "annotations" not in place.get(objects.MACHINES, "shop-0")["metadata"]


def test_conditions_that_move_before_the_patch(place: AncestorPlace) -> None:
    """A patch by position must not remove another condition."""
    ready, stale = place.get(objects.CLUSTERS, "shop")["status"]["conditions"]
    moved = {"status": {"conditions": [stale, ready]}}

    place.meanwhile["clusters/status"] = lambda: place.api.patch(
        objects.CLUSTERS, "team-a", "shop", moved, subresource="status"
    )
    assert place.run().exit_code == 0
    assert place.get(objects.CLUSTERS, "shop")["status"]["conditions"] == [ready]


def test_conditions_of_v1beta2_are_found_below_deprecated(place: AncestorPlace) -> None:
    stale = {"type": "AviUserCleanupSucceeded", "status": "False"}
    ready = {"type": "Ready", "status": "True"}
    status = {
        "conditions": [ready],
        "deprecated": {"v1beta1": {"conditions": [stale, ready]}},
    }
    body = {"status": status}
    place.meanwhile["packageinstalls"] = lambda: place.api.patch(
        objects.CLUSTERS, "team-a", "shop", body, subresource="status"
    )
    assert place.run().exit_code == 0
    after = place.get(objects.CLUSTERS, "shop")["status"]
    assert after["deprecated"]["v1beta1"]["conditions"] == [ready]
    place.back()
    after = place.get(objects.CLUSTERS, "shop")["status"]
    assert after["deprecated"]["v1beta1"]["conditions"] == [ready, stale]
