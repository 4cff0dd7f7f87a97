"""An account that lost its rights: nothing is believed, nothing is taken away, and it goes on once
it sees again."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import pytest

from akoo_core import structs
from akoo_core.plugin import api

World = Any
PASSWORD = "a-long-password"
EVERYWHERE = {"all_tenants": True, "tenant_ref": "/api/tenant/?name=admin"}


async def role(avi: Any, name: str, without: str = "", **more: Any) -> None:
    """A copy of System-Admin that lacks a permission."""
    (admin,) = await avi.list("role", params={"name": "System-Admin"})
    kept = [privilege for privilege in admin["privileges"] if privilege["resource"] != without]
    await avi.create("role", {"name": name, "privileges": kept, **more}, tenant="admin")


def filtered() -> dict[str, Any]:
    label = {"key": "clustername", "values": ["somebody-else"]}
    rule = {"match_operation": "ROLE_FILTER_EQUALS", "match_label": label, "enabled": True}
    return {"filters": [rule]}


async def account(avi: Any, **rights: Any) -> None:
    """The user akoo with these rights; made when it is not there."""
    users = await avi.list("user", params={"name": "akoo"})
    if not users:
        body = {"name": "akoo", "username": "akoo", "password": PASSWORD, **rights}
        await avi.create("user", body, tenant="admin")
        return
    changed = {**users[0], "is_superuser": False, "access": [], **rights}
    await avi.replace("user", users[0]["uuid"], changed, tenant="admin")


def living(avi_world: World) -> World:
    world = avi_world(credential={"username": "akoo", "password": PASSWORD})
    world.do(lambda avi: account(avi, is_superuser=True))
    world.do(lambda avi: role(avi, "no-pools", "PERMISSION_POOL"))
    world.do(lambda avi: role(avi, "filtered", **filtered()))
    assert isinstance(world.settled(), api.Done)
    return world


RIGHTS: dict[str, list[dict[str, Any]]] = {
    "blind": [],
    "narrow": [{**EVERYWHERE, "role_ref": "/api/role/?name=no-pools"}],
    "filtered": [{**EVERYWHERE, "role_ref": "/api/role/?name=filtered"}],
}


@pytest.mark.parametrize("rights", list(RIGHTS))
def test_nothing_is_believed(avi_world: World, rights: str) -> None:
    world = living(avi_world)
    world.do(lambda avi: account(avi, access=RIGHTS[rights]))
    before = world.outside()
    world.leave()
    assert isinstance(world.call("confirm"), api.Done)
    world.call("sweep")
    answer = world.call("verify")
    assert isinstance(answer, api.Unverified)
    assert answer.reason == "NoSight"
    assert world.outside() == before
    world.do(lambda avi: account(avi, is_superuser=True))
    for verb in ("confirm", "sweep", "verify", "release"):
        answer = world.call(verb)
        assert isinstance(answer, api.Done | api.Proof), answer
    assert world.claims == []


def test_a_cluster_that_lives_on_is_not_even_drained(avi_world: World) -> None:
    world = living(avi_world)
    world.do(lambda avi: account(avi, access=RIGHTS["blind"]))
    world.leave("Unmatched")
    answer = world.call("confirm")
    assert isinstance(answer, api.Blocked)
    assert answer.reason == "NoSight"


def test_it_is_told_while_the_cluster_lives(avi_world: World) -> None:
    world = living(avi_world)
    world.do(lambda avi: account(avi, access=RIGHTS["narrow"]))
    answer = world.call("prepare")
    assert answer.reason == "PermissionMissing"
    assert "PERMISSION_POOL" in answer.message


PAGE = pathlib.Path(__file__).parents[4] / "docs/how-to/avi-permissions.md"


def test_the_documented_role_suffices_to_place_a_cluster(avi_world: World) -> None:
    examples = re.findall(r"^```json\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    rights, user = (structs.decode_json(example) for example in examples)
    name = user["username"]
    world = avi_world(credential={"username": name, "password": PASSWORD})
    world.do(lambda avi: avi.create("role", rights, tenant="admin"))
    world.do(lambda avi: avi.create("user", {**user, "password": PASSWORD}, tenant="admin"))
    assert isinstance(world.settled(), api.Done)
    world.leave()
    for verb in ("confirm", "sweep", "verify", "release"):
        answer = world.call(verb)
        assert isinstance(answer, api.Done | api.Proof), answer
    assert world.claims == []
