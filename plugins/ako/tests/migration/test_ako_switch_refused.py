"""Refusals and waits of `akoo-core migrate-akoo run`, `back` and `finish`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from akoo_ako.migration import ancestor
from akoo_ako.migration.steps import adoption
from akoo_ako.migration.switch import back, run
from akoo_testbed.ancestor import Kapp, objects

from akoo_core import clock, errors, structs
from akoo_core.objects import names
from akoo_core.plugin import commands
from akoo_core.testing import builders
from tests.ako.ancestor_place import AncestorPlace, content

SHOP = ("team-a", "shop")
PODS = "v1/Pod"


@pytest.fixture(autouse=True)
def _adopts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adoption, "possible", lambda: True)


@pytest.fixture
def place() -> AncestorPlace:
    return AncestorPlace()


def refused(
    place: AncestorPlace, command: Callable[[], commands.CommandAnswer]
) -> set[tuple[str, str]]:
    """Reason and object of each blocker; nothing has changed."""
    before = place.end()
    answer = command()
    assert (answer.exit_code, answer.lines[-1]) == (1, "Nothing was changed.")
    assert place.end() == before
    return {(each["reason"], each["object"]) for each in answer.data["blockers"]}


def record(place: AncestorPlace, name: str = "shop", **spec: Any) -> Any:
    """A record of a Cluster."""
    made = builders.record()
    ref = structs.replace(
        made.spec.cluster_ref, uid=place.get(objects.CLUSTERS, name)["metadata"]["uid"]
    )
    spec = {"cluster_ref": ref, **spec}
    return structs.replace(
        made, spec=structs.replace(made.spec, **spec), finalizers=("akoo.io/record",)
    )


def pod(place: AncestorPlace) -> None:
    """A Pod of the ancestor."""
    metadata = {"labels": objects.deployment()["metadata"]["labels"]}
    place.seed(PODS, "manager-1", objects.NAMESPACE, metadata=metadata)


def run_while(place: AncestorPlace, meanwhile: Callable[[], Any]) -> commands.CommandAnswer:
    """A switch during which, while the ancestor stops, something happens once."""
    pod(place)

    async def sleep(seconds: float) -> None:
        place.slept.append(seconds)
        await meanwhile()
        await place.api.delete(PODS, objects.NAMESPACE, "manager-1")

    return asyncio.run(run.run(place.context(), sleep))


def test_a_vip_of_the_ancestor_refuses_the_whole_switch(place: AncestorPlace) -> None:
    place.seed("v1/Service", "team-a-shop-control-plane", "team-a")
    assert refused(place, place.run) == {("HandOverNeeded", "Cluster team-a/shop")}
    preview = asyncio.run(run.preview(place.context()))
    assert (preview.exit_code, preview.data["changes"]) == (1, [])


def test_two_clusters_of_one_name_refuse_the_switch(place: AncestorPlace) -> None:
    place.seed("v1/Namespace", "team")
    place.cluster("a-shop", "team")
    asyncio.run(place.ancestor.settle())
    assert {reason for reason, _ in refused(place, place.run)} == {"SharedClusterName"}


def test_a_running_akoo_core_refuses_both_directions(place: AncestorPlace) -> None:
    place.operator = "pod-1"
    assert refused(place, place.run) == {("OperatorRuns", "akoo-core")}
    place.operator = ""
    assert place.run().exit_code == 0
    place.operator = "pod-1"
    assert place.run().lines == ("Nothing is left to switch.",)
    assert refused(place, place.back) == {("OperatorRuns", "akoo-core")}


def test_a_release_that_cannot_adopt_makes_no_switch(
    place: AncestorPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adoption, "possible", lambda: False)
    assert refused(place, place.run) == {("AdoptionMissing", "akoo-core")}


def test_a_namespace_for_the_journal_is_needed(place: AncestorPlace) -> None:
    place.delete("v1/Namespace", "akoo-system")
    before = place.end()
    with pytest.raises(errors.InputError, match=r"no namespace akoo-system.*kubectl create"):
        place.run()
    assert place.end() == before


def test_it_waits_until_the_ancestor_has_finished_a_deletion(place: AncestorPlace) -> None:
    place.delete(objects.CLUSTERS, "shop", "team-a")
    assert place.run().exit_code == 0
    assert place.slept
    assert [each["metadata"]["name"] for each in place.all(objects.CLUSTERS)] == ["till"]
    left = {each["metadata"]["name"] for each in place.all(objects.SECRETS)}
    assert not [name for name in left if name.startswith("shop-")]


def test_a_deletion_that_does_not_end_stops_nothing(place: AncestorPlace) -> None:
    place.delete(objects.CLUSTERS, "shop", "team-a")
    before = place.end()

    async def sleep(seconds: float) -> None:
        place.slept.append(seconds)

    answer = asyncio.run(run.run(place.context(), sleep))
    assert answer.exit_code == 1
    assert "Waiting: the ancestor has to finish Cluster team-a/shop" in answer.lines[0]
    assert sum(place.slept) == 600.0
    assert place.end() == before


def test_a_cluster_deleted_while_the_ancestor_stops_keeps_its_finalizer(
    place: AncestorPlace,
) -> None:
    """Nobody can exchange it any more: akoo-core finishes it, or, after the way back, the
    ancestor."""
    answer = run_while(place, lambda: place.api.delete(objects.CLUSTERS, *SHOP))
    assert answer.exit_code == 0
    assert answer.lines[-2].startswith("AncestorFinalizer: Cluster team-a/shop is being deleted")
    owners = place.owners()
    assert (owners["Cluster shop"], owners["Cluster till"]) == (
        [objects.FINALIZER],
        [names.FINALIZER],
    )
    again = place.run()
    assert (again.exit_code, again.lines[0]) == (0, "Nothing is left to switch.")
    assert again.lines[1:] == answer.lines[-2:-1]
    assert stopped(place) == f"{objects.NAMESPACE}/{objects.OPERATOR}"
    assert place.back().exit_code == 0
    asyncio.run(place.ancestor.settle())
    assert place.run().exit_code == 0
    assert place.owners()["Cluster till"] == [names.FINALIZER]
    assert "Cluster shop" not in place.owners()


def stopped(place: AncestorPlace) -> str | None:
    """The ancestor's Deployments that are stopped, by the journal."""
    journal = place.get("v1/ConfigMap", names.ANCESTOR_JOURNAL)
    value: str | None = journal["data"].get(names.ANCESTOR_STOPPED)
    return value


def test_an_ancestor_that_was_stopped_by_hand_leaves_its_finalizers_to_us(
    place: AncestorPlace,
) -> None:
    """Nothing has to be exchanged, and still the journal says that it is stopped."""
    for kind, name in ((objects.CONFIGS, objects.DEFAULT_CONFIG), (objects.CLUSTERS, "shop")):
        place.delete(kind, name, None if kind == objects.CONFIGS else "team-a")
    body = {"spec": {"replicas": 0}}
    place.patch(objects.DEPLOYMENTS, objects.OPERATOR, body, objects.NAMESPACE)
    answer = place.run()
    assert answer.exit_code == 0
    held = [line for line in answer.lines if line.startswith("AncestorFinalizer: ")]
    assert len(held) == 2
    assert stopped(place) == f"{objects.NAMESPACE}/{objects.OPERATOR}"
    assert refused(place, place.finish) >= {
        ("AncestorFinalizer", "Cluster team-a/shop"),
        ("AncestorFinalizer", f"AKODeploymentConfig {objects.DEFAULT_CONFIG}"),
    }


def test_what_akoo_core_has_begun_to_finish_is_not_given_back(place: AncestorPlace) -> None:
    """Its record has no finalizer, and neither has the Cluster one of akoo-core."""
    run_while(place, lambda: place.api.delete(objects.CLUSTERS, *SHOP))
    place.records = (structs.replace(record(place), finalizers=()),)
    assert refused(place, place.back) == {("DeletionBegun", "Cluster team-a/shop")}
    assert stopped(place) is not None


def test_it_waits_for_the_pods_of_the_ancestor(place: AncestorPlace) -> None:
    pod(place)
    answer = place.run()
    assert answer.exit_code == 1
    assert stopped(place) is None
    assert answer.lines[-1] == "Waiting: Pod manager-1 of the ancestor still runs. Run this again."
    assert sum(place.slept) == 120.0
    assert {owner for each in place.owners().values() for owner in each} == {objects.FINALIZER}
    place.delete(PODS, "manager-1", objects.NAMESPACE)
    assert place.run().exit_code == 0
    place.check_owners()


def test_a_package_that_heeds_its_pause_does_not_come_back(place: AncestorPlace) -> None:
    assert run_while(place, place.kapp.step).exit_code == 0
    place.check_owners()


def test_an_owner_that_restores_the_ancestor_is_seen_before_an_object_changes_hands(
    place: AncestorPlace,
) -> None:
    kapp = Kapp(place.api, objects.installation(), heeds_pause=False)
    with pytest.raises(errors.AkooError, match=r"FormerOwnerActive: .*is back. Something restores"):
        run_while(place, kapp.step)
    assert {owner for each in place.owners().values() for owner in each} == {objects.FINALIZER}
    place.check_owners()
    assert place.back().exit_code == 0


def test_another_vendors_operator_of_the_same_name_stays(place: AncestorPlace) -> None:
    """The vendor's operator for OpenShift has a Deployment and a webhook of these names."""
    own = objects.deployment()
    place.seed("v1/Namespace", "avi-system")
    labels = {"control-plane": "controller-manager"}
    foreign = {**own, "metadata": {"name": own["metadata"]["name"], "namespace": "avi-system"}}
    foreign["spec"] = {**own["spec"], "template": {"metadata": {"labels": labels}}}
    place.server.seed(foreign)
    assert place.run().exit_code == 0
    (live,) = (
        each
        for each in place.all(objects.DEPLOYMENTS)
        if each["metadata"]["namespace"] == "avi-system"
    )
    assert content(live)["spec"] == foreign["spec"]


def test_a_webhook_of_that_name_for_other_kinds_stays(place: AncestorPlace) -> None:
    hook = place.all("admissionregistration.k8s.io/v1/MutatingWebhookConfiguration")[0]
    rules = [{"apiGroups": ["x"], "resources": ["others"], "operations": ["*"]}]
    kind = "admissionregistration.k8s.io/v1/MutatingWebhookConfiguration"
    place.patch(kind, ancestor.WEBHOOKS[0], {"webhooks": [{**hook["webhooks"][0], "rules": rules}]})
    foreign = content(place.all(kind)[0])
    assert place.run().exit_code == 0
    assert [content(each) for each in place.all(kind)] == [foreign]
    assert not place.all("admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration")


def test_no_secret_is_read_or_stored(place: AncestorPlace) -> None:
    assert [each for each in place.all(objects.SECRETS) if each["data"]]
    answers = [place.run(), place.back(), place.run()]
    stored = json.dumps(place.all("v1/ConfigMap"))
    shown = "".join(line for answer in answers for line in answer.lines)
    encoded = [each["data"] for each in place.all(objects.SECRETS)]
    for text in (objects.PASSWORD, *(value for data in encoded for value in data.values())):
        assert text not in stored + shown
    assert len(encoded) == 4
    calls = {(call.verb, call.resource.plural) for call in place.server.faults.calls[-400:]}
    assert ("get", "secrets") not in calls


def test_a_cluster_that_akoo_core_manages_is_handed_back_first(place: AncestorPlace) -> None:
    place.run()
    place.records = (record(place),)
    assert refused(place, place.back) == {("HandBackNeeded", "Cluster team-a/shop")}
    place.records = (
        record(place, observed=True),
        record(place, finished_at=clock.ManualClock().now()),
    )
    assert place.back().exit_code == 0


def test_what_akoo_core_has_freed_gets_the_ancestor_again(place: AncestorPlace) -> None:
    """`akoo-core uninstall --orphan` takes the finalizers off, and leaves records and AKO."""
    before = place.end()
    place.run()
    bare: dict[str, Any] = {"metadata": {"finalizers": None}}
    for name in ("shop", "till"):
        place.patch(objects.CLUSTERS, name, bare, "team-a")
    place.patch(objects.CONFIGS, objects.DEFAULT_CONFIG, bare)
    place.records = (structs.replace(record(place), finalizers=()),)
    assert place.back().exit_code == 0
    assert place.end() == before
    assert place.run().exit_code == 0
    place.check_owners()


def test_a_deletion_that_began_under_akoo_core_ends_there(place: AncestorPlace) -> None:
    place.run()
    place.delete(objects.CLUSTERS, "shop", "team-a")
    assert refused(place, place.back) == {("DeletionBegun", "Cluster team-a/shop")}


def test_a_cluster_that_came_after_the_switch_gets_the_ancestor_too(place: AncestorPlace) -> None:
    place.run()
    metadata = {"finalizers": [names.FINALIZER]}
    place.seed(objects.CLUSTERS, "late", "team-a", metadata=metadata, spec={})
    assert place.back().exit_code == 0
    assert place.owners()["Cluster late"] == [objects.FINALIZER]


def test_the_ancestor_finds_nothing_to_do_after_the_way_back(place: AncestorPlace) -> None:
    place.run()
    assert asyncio.run(place.ancestor.step()) is False
    place.back()
    before = place.end()
    assert asyncio.run(place.ancestor.step()) is True
    assert asyncio.run(place.kapp.step()) is True
    assert place.end() == before


def test_a_word_of_a_person_about_existing_installs_stays(place: AncestorPlace) -> None:
    spec = {"plugins": {"ako": {"existing": "Observe", "version": "1.13.4"}}}
    place.patch(objects.CONFIGS, objects.DEFAULT_CONFIG, {"spec": spec})
    before = place.end()
    place.run()
    live = place.get(objects.CONFIGS, objects.DEFAULT_CONFIG)
    assert live["spec"]["plugins"] == spec["plugins"]
    place.back()
    assert place.end() == before


def test_other_options_of_the_plugin_survive_the_way_back(place: AncestorPlace) -> None:
    before_it: tuple[dict[str, Any], ...] = ({}, {"ako": {}}, {"ako": {"version": "1.13.4"}})
    for options in before_it:
        place.patch(objects.CONFIGS, objects.DEFAULT_CONFIG, {"spec": {"plugins": None}})
        place.patch(objects.CONFIGS, objects.DEFAULT_CONFIG, {"spec": {"plugins": options}})
        before = place.end()
        assert place.run().exit_code == 0
        live = place.get(objects.CONFIGS, objects.DEFAULT_CONFIG)
        assert live["spec"]["plugins"]["ako"]["existing"] == "Adopt"
        assert place.back().exit_code == 0
        assert place.end() == before


def test_options_that_a_person_adds_after_the_switch_stay(place: AncestorPlace) -> None:
    place.run()
    spec = {"plugins": {"ako": {"version": "1.13.4"}}}
    place.patch(objects.CONFIGS, objects.DEFAULT_CONFIG, {"spec": spec})
    assert place.back().exit_code == 0
    live = place.get(objects.CONFIGS, objects.DEFAULT_CONFIG)
    assert live["spec"]["plugins"] == spec["plugins"]


def test_back_previews_what_it_would_do(place: AncestorPlace) -> None:
    place.run()
    before = place.end()
    preview = asyncio.run(back.preview(place.context()))
    assert place.end() == before
    answer = place.back()
    planned = [(each["step"], each["object"]) for each in preview.data["changes"]]
    assert planned == [(each["step"], each["object"]) for each in answer.data["changes"]]


def test_both_finalizers_are_mended_only_where_this_switch_put_ours(place: AncestorPlace) -> None:
    both = {"metadata": {"finalizers": [objects.FINALIZER, names.FINALIZER]}}
    place.patch(objects.CLUSTERS, "shop", both, "team-a")
    assert refused(place, place.run) == {("TwoOperators", "Cluster team-a/shop")}
    own = {"metadata": {"finalizers": [objects.FINALIZER]}}
    place.patch(objects.CLUSTERS, "shop", own, "team-a")
    assert place.run().exit_code == 0
    place.patch(objects.CLUSTERS, "shop", both, "team-a")
    assert place.run().exit_code == 0
    assert place.owners()["Cluster shop"] == [names.FINALIZER]
