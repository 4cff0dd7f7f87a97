"""Objects as the API sends them, as values; absent means the harmless choice."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import structs
from akoo_core.objects import cluster, config, record


def _adc(spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": "default", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z"}
    return {"metadata": metadata, "spec": spec}


def test_what_is_absent_from_an_adc_is_harmless() -> None:
    decoded = config.from_object(_adc({}))
    assert decoded.policies == config.Policies()
    assert decoded.policies.on_unmatch == "Orphan"
    assert decoded.priority == 0
    assert decoded.selector.empty


def test_empty_shells_of_go_clients_are_absence() -> None:
    assert config.from_object(_adc({"clusterSelector": {}})).selector.empty
    assert config.from_object(_adc({"deadline": "", "priority": None})).policies.deadline == "1h"


def test_fields_of_a_newer_crd_are_ignored() -> None:
    assert config.from_object(_adc({"tomorrow": {"a": 1}, "onUnmatch": "Remove"})).policies == (
        config.Policies(on_unmatch="Remove")
    )


def test_a_wrong_value_is_named_with_its_path() -> None:
    with pytest.raises(structs.DecodeError, match=r"spec\.priority") as caught:
        config.from_object(_adc({"priority": "high"}))
    assert caught.value.path == "spec.priority"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45s", 45),
        ("10m", 600),
        ("1h30m", 5400),
        ("0s", 0),
        ("8784h", 366 * 86400),
        ("8783h60m", 366 * 86400),
    ],
)
def test_durations(text: str, seconds: int) -> None:
    assert config.parse_duration(text) == datetime.timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "10", "1.5h", "5m1h", "-1s", "1d", "\u0663s", "1s\n", "9" * 31 + "s"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(structs.DecodeError, match="is not a duration"):
        config.parse_duration(text)


@pytest.mark.parametrize("text", ["8785h", "8784h1s", "9999h", "999999m", "99999999s"])
def test_a_duration_has_an_end(text: str) -> None:
    with pytest.raises(structs.DecodeError, match="is longer than 8784h"):
        config.parse_duration(text)


FIELDS: tuple[config.DurationField, ...] = ("deadline", "drain_timeout", "quiet_period")


@given(st.text(alphabet="0123456789hms", max_size=32))
def test_every_duration_can_be_added_to_a_moment(text: str) -> None:
    """So that no time of a config or record can overflow."""
    latest = datetime.datetime(9998, 12, 30, tzinfo=datetime.UTC)
    policies = config.Policies(deadline=text, drain_timeout=text, quiet_period=text)
    for field in FIELDS:
        assert latest + policies.duration(field) >= latest


def test_a_wrong_duration_in_a_record_is_the_default() -> None:
    """A record may be older than the bounds, or written by hand: its deadline acts all the same."""
    policies = config.Policies(deadline="70000000h", drain_timeout="soon", quiet_period="5s")
    assert policies.duration("deadline") == datetime.timedelta(hours=1)
    assert policies.duration("drain_timeout") == datetime.timedelta(minutes=10)
    assert policies.duration("quiet_period") == datetime.timedelta(seconds=5)


def _cluster(spec: dict[str, Any], status: dict[str, Any], **metadata: Any) -> cluster.Cluster:
    fixed = {"namespace": "demo", "name": "shop", "uid": "u"}
    return cluster.from_object({"metadata": fixed | metadata, "spec": spec, "status": status})


@pytest.mark.parametrize(
    ("status", "connectable"),
    [
        ({}, False),
        ({"initialization": {"infrastructureProvisioned": True}}, False),
        (
            {
                "initialization": {
                    "infrastructureProvisioned": True,
                    "controlPlaneInitialized": True,
                }
            },
            True,
        ),
        ({"infrastructureReady": True}, False),
        (
            {
                "infrastructureReady": True,
                "conditions": [{"type": "ControlPlaneInitialized", "status": "True"}],
            },
            True,
        ),
    ],
    ids=["nothing", "v1beta2-half", "v1beta2", "v1beta1-half", "v1beta1"],
)
def test_connectable_in_both_versions(status: dict[str, Any], connectable: bool) -> None:
    assert _cluster({}, status).connectable is connectable


def test_paused_by_field_or_by_the_presence_of_the_annotation() -> None:
    assert not _cluster({}, {}).paused
    assert _cluster({"paused": True}, {}).paused
    assert _cluster({}, {}, annotations={"cluster.x-k8s.io/paused": "false"}).paused


def test_a_record_is_read_back_as_it_was_written() -> None:
    spec = record.RecordSpec(
        ako_cluster_name="akoo-1",
        management_id="m",
        cluster_ref=record.ClusterRef(namespace="demo", name="shop", uid="u"),
        config_ref=record.ConfigRef(name="default", uid="c"),
        intents={"avi": record.StoredIntent(version=3, data={"cloud": ["x"]})},
        leaving=record.Leaving(
            cause="ClusterDeleted",
            started_at=datetime.datetime(2026, 1, 1, 12, 0, 0, 123000, tzinfo=datetime.UTC),
        ),
    )
    obj = record.to_object("akoo-1", spec)
    obj["metadata"] |= {
        "uid": "u",
        "resourceVersion": "1",
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    assert record.from_object(obj).spec == spec


def test_a_proof_is_clean_when_nothing_own_and_nothing_held_is_left() -> None:
    at = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

    def proof(own: int, suspect: int, held: int) -> record.StoredProof:
        return record.StoredProof(plugin="avi", at=at, own=own, suspect=suspect, held=held)

    assert proof(0, 2, 0).clean
    assert not proof(1, 0, 0).clean
    assert not proof(0, 0, 1).clean
