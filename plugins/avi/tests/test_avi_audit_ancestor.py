"""audit: the users that the Go ancestor made, for clusters that are gone."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_avi.cleanup import ancestor_users
from akoo_avi.cleanup.ancestor_users import Expected
from akoo_avi.client.access import refusal, sight
from akoo_avi.spec.ancestor_user import AviAncestorUser

from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.testing import builders
from tests.avi.avi_bed import AviBed

NAME = "team-a-shop"
USER = "shop-team-a-ako-user"
NOW = builders.leaving().started_at


def ended(**changes: Any) -> record.Record:
    """The record of an AKO that was adopted from the ancestor, and whose cluster is gone."""
    spec: dict[str, Any] = {
        "ako_cluster_name": NAME,
        "cluster_ref": record.ClusterRef(namespace="team-a", name="shop", uid="1"),
        "adoption": record.Adoption(started_at=NOW, ended_at=NOW),
        "finished_at": NOW,
    }
    return builders.record(**{**spec, **changes})


def noted(uuid: str) -> dict[str, record.StoredFact]:
    """The fact of the adoption, as it is stored."""
    fact = AviAncestorUser(name=USER, uuid=uuid, secret_uid="s-1", controller_uuid="c-1")
    return builders.stored_facts("avi", fact)


def test_the_user_of_an_ended_record_is_expected() -> None:
    assert ancestor_users.expected((ended(),)) == {USER: Expected(NAME)}
    known = ancestor_users.expected((ended(), ended(facts=noted("u-1")), ended(facts=noted(""))))
    assert known == {USER: Expected(NAME, frozenset(("u-1",)))}


@pytest.mark.parametrize(
    "changes",
    [
        {"finished_at": None},
        {"adoption": None},
        {"ako_cluster_name": "my-cluster"},
        {
            "facts": {
                api.WorkloadCredential.fact_name: record.StoredFact(plugin="tenancy", version=1)
            }
        },
    ],
    ids=["it lives", "deployed by akoo-core", "of somebody else", "replaced by a plugin"],
)
def test_that_of_any_other_record_is_not(changes: dict[str, Any]) -> None:
    assert ancestor_users.expected((ended(**changes),)) == {}


def test_a_living_record_of_the_same_name_needs_it() -> None:
    assert ancestor_users.expected((ended(), ended(finished_at=None))) == {}


async def test_it_is_listed_while_it_is_there_and_never_deleted() -> None:
    bed = AviBed()
    wanted = ancestor_users.expected((ended(),))
    assert await ancestor_users.left(bed.client(), wanted) == ()
    bed.make("user", name=USER, password="a-Pass-1")
    before = bed.controller.snapshot()
    (stray,) = await ancestor_users.left(bed.client(), wanted)
    assert (stray.owner, stray.kind, stray.name) == (NAME, "User", USER)
    assert not bed.diff(before)


async def test_another_user_of_the_name_is_not_listed() -> None:
    bed = AviBed()
    uuid = bed.make("user", name=USER, password="a-Pass-1")["uuid"]
    for known, there in ((uuid, 1), ("user-before", 0)):
        wanted = {USER: Expected(NAME, frozenset((known,)))}
        assert len(await ancestor_users.left(bed.client(), wanted)) == there


async def test_an_account_that_sees_no_users_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def missing(client: Any, permissions: Any) -> str:
        return f"our user lacks {permissions[0]}"

    monkeypatch.setattr(sight, "missing", missing)
    with pytest.raises(refusal.Refusal, match="PERMISSION_USER"):
        await ancestor_users.left(AviBed().client(), {USER: Expected(NAME)})
    assert await ancestor_users.left(AviBed().client(), {}) == ()
