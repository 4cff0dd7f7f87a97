"""From changes to keys: whom a change concerns, which changes mean nothing, what is carried on."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akoo_core.bus import causes, events, predicate
from akoo_core.cache import store
from akoo_core.kube.resource import (
    AKO_DEPLOYMENT_CONFIGS,
    AKO_DEPLOYMENTS,
    CLUSTERS,
    CONFIG_MAPS,
    SECRETS,
    Resource,
)
from akoo_core.objects import cluster, config, names

Object = dict[str, Any]
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def name_of(uid: str) -> str:
    """The name a record of that Cluster has."""
    return names.record_name("mgmt", uid)


def of_labels(candidate: config.Config, target: cluster.Cluster) -> bool:
    """Selection by matchLabels alone is enough here."""
    return candidate.selector.match_labels.items() <= target.labels.items()


class Fleet:
    """Lookups over dicts; ``clusters`` may be forbidden to show that nobody asks."""

    def __init__(self) -> None:
        self.at: dict[tuple[str, str], list[str]] = {}
        self.naming: dict[str, list[str]] = {}
        self.using: dict[tuple[str, str], list[str]] = {}
        self.objects: list[Object] = []
        self.asked_for_all = 0

    def records_at(self, namespace: str, cluster_name: str) -> Iterable[str]:
        return self.at.get((namespace, cluster_name), [])

    def records_naming(self, config_name: str) -> Iterable[str]:
        return self.naming.get(config_name, [])

    def records_using_secret(self, namespace: str, name: str) -> Iterable[str]:
        return self.using.get((namespace, name), [])

    def cluster_uid(self, namespace: str, name: str) -> str | None:
        for obj in self.objects:
            if (obj["metadata"]["namespace"], obj["metadata"]["name"]) == (namespace, name):
                return str(obj["metadata"]["uid"])
        return None

    def clusters(self) -> Iterable[cluster.Cluster]:
        self.asked_for_all += 1
        return [cluster.from_object(obj) for obj in self.objects]


def an_object(name: str, *, namespace: str = "", uid: str = "", **more: Any) -> Object:
    metadata: Object = {
        "name": name,
        "uid": uid or f"uid-{name}",
        "resourceVersion": "1",
        "generation": 1,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        **more.pop("metadata", {}),
    }
    if namespace:
        metadata["namespace"] = namespace
    return {"metadata": metadata, **more}


def a_cluster(name: str = "shop", *, uid: str = "", **labels: str) -> Object:
    return an_object(name, namespace="team-a", uid=uid, metadata={"labels": labels}, spec={})


def a_config(name: str = "default", **labels: str) -> Object:
    return an_object(name, spec={"clusterSelector": {"matchLabels": labels}})


def a_record(name: str, *, config_name: str, uid: str = "uid-shop") -> Object:
    ref = {"namespace": "team-a", "name": "shop", "uid": uid}
    return an_object(name, spec={"clusterRef": ref, "configRef": {"name": config_name}})


def a_secret(name: str, *, owner: str = "", **data: str) -> Object:
    labels = {names.CAPI_CLUSTER_NAME_LABEL: owner} if owner else {}
    obj = an_object(name, namespace="team-a", metadata={"labels": labels}, data=data)
    del obj["metadata"]["generation"]
    return obj


def a_change(
    resource: Resource, old: Object | None, new: Object | None, *, initial: bool = False
) -> store.Change:
    items = store.Store(resource)
    old_item = items.item(old) if old else None
    new_item = items.item(new) if new else None
    first = new_item or old_item
    assert first is not None
    return store.Change(resource, first.key, old_item, new_item, initial=initial)


def an_update(resource: Resource, obj: Object, **paths: Any) -> store.Change:
    """An update of ``obj`` with a new version and ``metadata__x=...`` or top-level fields."""
    new = copy.deepcopy(obj)
    new["metadata"]["resourceVersion"] = "2"
    for path, value in paths.items():
        first, _, second = path.partition("__")
        if second:
            new[first][second] = value
        else:
            new[first] = value
    return a_change(resource, obj, new)


def records(fleet: Fleet, change: store.Change) -> tuple[str, ...]:
    event = events.Bus("mgmt", fleet, of_labels).event(change)
    return event.records if event else ()


# Clusters


def test_a_cluster_concerns_the_record_its_uid_names_and_those_that_name_it() -> None:
    fleet = Fleet()
    fleet.at["team-a", "shop"] = ["akoo-adopted", name_of("uid-shop")]
    change = a_change(CLUSTERS, None, a_cluster())
    assert records(fleet, change) == (name_of("uid-shop"), "akoo-adopted")
    gone = a_change(CLUSTERS, a_cluster(), None)
    assert records(fleet, gone) == (name_of("uid-shop"), "akoo-adopted")


def test_the_version_of_the_cluster_kind_does_not_matter() -> None:
    older = CLUSTERS._replace(version="v1beta1")
    assert records(Fleet(), a_change(older, None, a_cluster())) == (name_of("uid-shop"),)


def test_only_a_config_makes_anybody_ask_for_all_clusters() -> None:
    fleet = Fleet()
    record = a_record("akoo-1", config_name="default")
    for change in (
        a_change(CLUSTERS, None, a_cluster()),
        a_change(AKO_DEPLOYMENTS, None, record),
        a_change(SECRETS, None, a_secret("shop-kubeconfig", owner="shop")),
    ):
        records(fleet, change)
    assert fleet.asked_for_all == 0
    records(fleet, a_change(AKO_DEPLOYMENT_CONFIGS, None, a_config()))
    assert fleet.asked_for_all == 1


# Configs


def test_a_config_concerns_whom_it_matches_matched_and_serves() -> None:
    fleet = Fleet()
    fleet.objects = [
        a_cluster("red", color="red"),
        a_cluster("blue", color="blue"),
        a_cluster("green", color="green"),
    ]
    fleet.naming["default"] = ["akoo-served"]
    old, new = a_config(color="red"), a_config(color="blue")
    new["metadata"].update(generation=2, resourceVersion="2")
    keys = records(fleet, a_change(AKO_DEPLOYMENT_CONFIGS, old, new))
    assert keys == ("akoo-served", name_of("uid-red"), name_of("uid-blue"))


def test_a_config_that_cannot_be_read_matches_nothing() -> None:
    fleet = Fleet()
    fleet.objects = [a_cluster("red", color="red")]
    fleet.naming["default"] = ["akoo-served"]
    broken = an_object("default", spec={"clusterSelector": 7}, metadata={"generation": 2})
    both = a_change(AKO_DEPLOYMENT_CONFIGS, a_config(color="red"), broken)
    assert records(fleet, both) == ("akoo-served", name_of("uid-red"))
    assert records(fleet, a_change(AKO_DEPLOYMENT_CONFIGS, None, broken)) == ("akoo-served",)


def test_the_config_controller_hears_of_configs_and_of_records_that_name_them() -> None:
    bus = events.Bus("mgmt", Fleet(), of_labels)
    event = bus.event(a_change(AKO_DEPLOYMENT_CONFIGS, None, a_config("edge")))
    assert event is not None
    assert event.configs == ("edge",)
    old, new = (a_record("akoo-1", config_name=name) for name in ("edge", "default"))
    new["metadata"]["generation"] = 2
    event = bus.event(a_change(AKO_DEPLOYMENTS, old, new))
    assert event is not None
    assert event.configs == ("edge", "default")


def with_ready(record: Object, ready: str, reason: str = "R") -> Object:
    """The record with a status; its generation stays."""
    condition = {"type": "Ready", "status": ready, "reason": reason}
    return {**record, "status": {"conditions": [condition]}}


def test_the_config_controller_hears_of_records_that_become_ready_or_are_no_longer() -> None:
    bus = events.Bus("mgmt", Fleet(), of_labels)
    record = a_record("akoo-1", config_name="edge")
    for old, new in (("False", "True"), ("True", "False"), ("True", "Unknown")):
        event = bus.event(
            a_change(AKO_DEPLOYMENTS, with_ready(record, old), with_ready(record, new))
        )
        assert event is not None
        assert (event.records, event.configs) == ((), ("edge",)), "nothing to do for the record"
    event = bus.event(a_change(AKO_DEPLOYMENTS, record, with_ready(record, "True")))
    assert event is not None
    assert event.configs == ("edge",)


def test_other_changes_of_a_status_concern_nobody() -> None:
    bus = events.Bus("mgmt", Fleet(), of_labels)
    record = a_record("akoo-1", config_name="edge")
    for old, new in (("True", "True"), ("False", "False"), ("Unknown", "False")):
        change = a_change(
            AKO_DEPLOYMENTS, with_ready(record, old), with_ready(record, new, "Other")
        )
        assert bus.event(change) is None
    edge = a_config("edge")
    assert bus.event(a_change(AKO_DEPLOYMENT_CONFIGS, edge, with_ready(edge, "True"))) is None


# Records


def test_a_record_concerns_itself_and_what_waits_for_it() -> None:
    fleet = Fleet()
    fleet.at["team-a", "shop"] = ["akoo-new"]
    own = name_of("uid-shop")
    record = a_record(own, config_name="default")
    assert records(Fleet(), a_change(AKO_DEPLOYMENTS, None, record)) == (own,)
    adopted = a_record("akoo-old", config_name="default")
    change = a_change(AKO_DEPLOYMENTS, adopted, None)
    assert records(fleet, change) == ("akoo-old", own, "akoo-new")


# Secrets


def test_a_secret_concerns_the_records_that_use_it() -> None:
    fleet = Fleet()
    fleet.using["team-a", "credentials"] = ["akoo-1", "akoo-2"]
    change = an_update(SECRETS, a_secret("credentials", user="x"), data={"user": "y"})
    assert records(fleet, change) == ("akoo-1", "akoo-2")


def test_a_kubeconfig_concerns_its_cluster_with_or_without_a_record() -> None:
    fleet = Fleet()
    fleet.objects = [a_cluster()]
    change = a_change(SECRETS, None, a_secret("shop-kubeconfig", owner="shop"))
    assert records(fleet, change) == (name_of("uid-shop"),)
    fleet.at["team-a", "shop"] = ["akoo-adopted"]
    assert records(fleet, change) == ("akoo-adopted", name_of("uid-shop"))


@pytest.mark.parametrize(
    "secret",
    [a_secret("shop-ca", owner="shop"), a_secret("shop-kubeconfig"), a_secret("other")],
    ids=["other-secret-of-the-cluster", "no-label", "nobodys"],
)
def test_other_secrets_concern_nobody(secret: Object) -> None:
    fleet = Fleet()
    fleet.objects = [a_cluster()]
    fleet.at["team-a", "shop"] = ["akoo-1"]
    bus = events.Bus("mgmt", fleet, of_labels)
    assert bus.event(a_change(SECRETS, None, secret)) is None


def test_other_kinds_concern_nobody() -> None:
    change = a_change(CONFIG_MAPS, None, a_secret("x"))
    assert events.Bus("mgmt", Fleet(), of_labels).event(change) is None


# What means something


READY = {"initialization": {"infrastructureProvisioned": True, "controlPlaneInitialized": True}}


def says(kind: str, status: str) -> Object:
    return {
        "conditions": [{"type": "Available", "status": "True"}, {"type": kind, "status": status}]
    }


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (an_update(CLUSTERS, a_cluster(), status={"phase": "Provisioned"}), False),
        (an_update(CLUSTERS, a_cluster(), status=READY), True),
        (an_update(CLUSTERS, a_cluster(), status=says(names.LOAD_BALANCER_READY, "True")), True),
        (
            an_update(
                CLUSTERS,
                {**a_cluster(), "status": says(names.LOAD_BALANCER_READY, "False")},
                status=says(names.LOAD_BALANCER_READY, "True"),
            ),
            True,
        ),
        (an_update(CLUSTERS, a_cluster(), status=says("Theirs", "True")), False),
        (an_update(CLUSTERS, a_cluster(), spec={"paused": True}), True),
        (an_update(CLUSTERS, a_cluster(), metadata__generation=2), True),
        (an_update(CLUSTERS, a_cluster(), metadata__labels={"a": "b"}), True),
        (an_update(CLUSTERS, a_cluster(), metadata__annotations={"a": "b"}), True),
        (an_update(CLUSTERS, a_cluster(), metadata__finalizers=["x"]), True),
        (an_update(CLUSTERS, a_cluster(), metadata__deletionTimestamp="now"), True),
        (an_update(CLUSTERS, a_cluster(), metadata__managedFields=[{"manager": "x"}]), False),
        (an_update(AKO_DEPLOYMENTS, a_record("r", config_name="c"), status={"left": 3}), False),
        (an_update(SECRETS, a_secret("s", key="old"), data={"key": "new"}), True),
        (an_update(SECRETS, a_secret("s", key="same")), False),
        (a_change(CLUSTERS, None, a_cluster()), True),
        (a_change(CLUSTERS, a_cluster(), None), True),
    ],
    ids=[
        "status", "connectable", "our-condition", "our-condition-changed", "their-condition",
        "paused", "spec", "labels", "annotations", "finalizers",
        "deleted", "managed-fields", "status-of-a-record", "data", "same-data", "came", "went",
    ],
)  # fmt: skip
def test_meaning(change: store.Change, expected: bool) -> None:
    assert predicate.meaningful(change) is expected


def test_a_secret_read_without_its_data_may_have_changed_there() -> None:
    obj = a_secret("s")
    del obj["data"]
    assert predicate.meaningful(an_update(SECRETS, obj))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from(["phase", "conditions", "x"]), inner, max_size=3)
        ),
        max_leaves=5,
    )
)
def test_no_status_of_a_record_ever_means_anything(status: Any) -> None:
    change = an_update(AKO_DEPLOYMENTS, a_record("r", config_name="c"), status=status)
    assert not predicate.meaningful(change)


# Causes


def test_an_event_carries_its_cause_and_whether_it_is_initial() -> None:
    obj = a_cluster()
    obj["metadata"]["annotations"] = {"tracing.k8s.io/traceparent": TRACEPARENT}
    change = a_change(CLUSTERS, None, obj, initial=True)
    event = events.Bus("mgmt", Fleet(), of_labels).event(change)
    assert event is not None
    assert event.initial
    assert event.cause == causes.Cause(
        kind="Cluster", name="team-a/shop", resource_version="1", traceparent=TRACEPARENT
    )
    link = event.cause.link()
    assert link is not None
    assert format(link.context.trace_id, "032x") == TRACEPARENT[3:35]
    assert link.attributes == {
        "akoo.cause": "Cluster team-a/shop",
        "akoo.cause.resource_version": "1",
    }


@pytest.mark.parametrize("text", ["", "x", TRACEPARENT.replace("4bf9", "4BF9"), 7, None])
def test_a_traceparent_that_is_none_is_left_out(text: object) -> None:
    obj = a_cluster()
    obj["metadata"]["annotations"] = {"tracing.k8s.io/traceparent": text}
    cause = causes.cause_of(a_change(CLUSTERS, obj, None))
    assert cause.traceparent == ""
    assert cause.link() is None
    assert (cause.name, cause.resource_version) == ("team-a/shop", "1")
