"""The account of an AKO that was adopted: it stays, until a person asks for another one."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from akoo_tenancy.spec import requests, wanted

from akoo_core.objects import record
from akoo_core.plugin import api

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
UNDER_WAY = record.Adoption(started_at=NOW)
ENDED = record.Adoption(started_at=NOW, ended_at=NOW)
ACCOUNT = {"TenancyAccount": record.StoredFact(plugin="tenancy", version=1, data={})}
SPEC = {"controller": "avi.example.com", "cloudName": "vc-01"}


def spec_of(**more: Any) -> record.RecordSpec:
    return record.RecordSpec(
        ako_cluster_name="my-cluster",
        management_id="m-1",
        cluster_ref=record.ClusterRef(namespace="team-a", name="shop", uid="u-1"),
        config_ref=record.ConfigRef(name="default", uid="u-2"),
        **more,
    )


@pytest.mark.parametrize(
    ("adoption", "facts", "annotations", "choice"),
    [
        (None, {}, {}, "Tenancy"),
        (UNDER_WAY, {}, {}, "Adopted"),
        (UNDER_WAY, {}, {"rotate": "requested"}, "Adopted"),
        (ENDED, {}, {}, "Adopted"),
        (ENDED, {}, {"rotate": "requested"}, "Tenancy"),
        (ENDED, ACCOUNT, {}, "Tenancy"),
    ],
)
def test_an_adoption_changes_no_account(
    adoption: record.Adoption | None,
    facts: dict[str, record.StoredFact],
    annotations: dict[str, str],
    choice: str,
) -> None:
    view = api.View(
        record_name="akoo-1",
        spec=spec_of(adoption=adoption, facts=facts),
        cluster=None,
        config={"metadata": {"name": "default"}, "spec": {**SPEC, "adminCredentialRef": REFERENCE}},
        plugin_config=None,
        annotations=annotations,
    )
    assert wanted.of_view(view).choice == choice


def test_a_config_that_names_an_account_goes_on_doing_so() -> None:
    config = {"spec": {**SPEC, "workloadCredentialRef": REFERENCE}}
    view = api.View(
        record_name="akoo-1",
        spec=spec_of(adoption=ENDED),
        cluster=None,
        config=config,
        plugin_config=None,
    )
    assert wanted.of_view(view).choice == "Reference"


def test_a_person_may_ask_once_it_is_adopted() -> None:
    def refusal(adoption: record.Adoption | None) -> str:
        mine = record.Record(
            name="akoo-1",
            uid="u-1",
            resource_version="1",
            created=NOW,
            spec=spec_of(adoption=adoption),
        )
        return requests.refusal(mine, frozenset())

    assert refusal(ENDED) == ""
    for adoption in (None, UNDER_WAY):
        assert refusal(adoption) == "it has no account of plugin tenancy"


REFERENCE = {"name": "admin", "namespace": "avi"}
