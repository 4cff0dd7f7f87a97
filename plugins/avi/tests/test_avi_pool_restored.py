"""A pool that lost its status, as by a restore from a backup: what is its own goes all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from akoo_avi.ownership import visibility
from akoo_avi.pools import marking
from akoo_avi.spec import resources
from akoo_avi.spec.ip_pool import FINALIZER
from akoo_avi.testing.memory import memory_controllers
from akoo_avi.testing.pool_world import OWNER, PoolWorld, pool

from akoo_core.plugin import api

RANGE = "10.70.0.10-10.70.0.19"


def applied(**more: Any) -> PoolWorld:
    there = PoolWorld(pool("edge", RANGE, **more))
    there.put_ranges("10.70.0.100-10.70.0.110")
    there.run_pool()
    assert there.ready()[:2] == ("True", "Applied")
    assert there.usable()
    return there


def lose_status(there: PoolWorld) -> None:
    server, patch = there.management.client(), {"status": None}
    there.run(server.merge_patch(resources.AVI_IP_POOLS, "edge", patch, subresource="status"))


def rename(there: PoolWorld) -> None:
    there.admin.put(f"network/{there.net['uuid']}", {**there.network, "name": "vip-renamed"})


def rename_cloud(there: PoolWorld) -> None:
    cloud = there.admin.get(f"cloud/{there.cloud['uuid']}")
    there.admin.put(f"cloud/{cloud['uuid']}", {**cloud, "name": "vc-renamed"})


def nothing(_: PoolWorld) -> None:
    pass


@pytest.mark.parametrize("change", [nothing, rename, rename_cloud])
@pytest.mark.parametrize("looked_at", [False, True])
def test_all_that_is_its_own_goes(change: Callable[[PoolWorld], None], looked_at: bool) -> None:
    """Ranges, usable entry and mark; the ranges of others stay. By whatever name it is there."""
    there = applied()
    lose_status(there)
    change(there)
    if looked_at:
        there.run_pool()
    there.delete()
    there.run_pool()
    assert there.gone()
    assert there.ranges == {"10.70.0.100-10.70.0.110"}
    assert not there.usable()
    assert not there.network.get("attrs")


def test_an_entry_that_was_there_before_stays() -> None:
    there = PoolWorld(pool("edge", RANGE))
    there.open()
    there.run_pool()
    lose_status(there)
    there.delete()
    there.run_pool()
    assert there.gone()
    assert not there.ranges
    assert there.usable()


def test_a_look_brings_the_status_back() -> None:
    there = applied()
    before = (there.pool() or {})["status"]
    lose_status(there)
    there.run_pool()
    after = (there.pool() or {})["status"]
    volatile = ("conditions",)
    assert {k: v for k, v in after.items() if k not in volatile} == {
        k: v for k, v in before.items() if k not in volatile
    }


def test_the_entry_is_marked_before_it_is_made() -> None:
    """And the mark says nothing of it any more once the entry is taken back."""
    there = applied()
    kinds = [entry.subject.kind for entry in there.avi.journal.entries(writes=True)]
    assert kinds[-2:] == ["network", "ipamdnsproviderprofile"]
    assert marking.read(there.network)[OWNER].usable
    there.edit({"usable": False})
    there.run_pool()
    assert not there.usable()
    assert not marking.read(there.network)[OWNER].usable
    before = there.writes
    there.run_pool()
    assert there.writes == before


def silent(there: PoolWorld) -> None:
    there.clients = memory_controllers({})


def second_cloud(there: PoolWorld) -> None:
    """The name means two; and our mark is gone as well."""
    there.admin.put(f"network/{there.net['uuid']}", {**there.network, "attrs": []})
    body = {"name": "blue"}
    there.admin.post("tenant", body)
    cloud = {"name": "vc-01", "vtype": "CLOUD_NONE"}
    there.admin.post("cloud", cloud, x_avi_tenant="blue")
    there.edit({"tenant": "blue"})


def no_controller_object(there: PoolWorld) -> None:
    server = there.management.client()
    patch = {"metadata": {"finalizers": None}}
    there.run(server.merge_patch(resources.AVI_CONTROLLERS, "main", patch))
    there.run(server.delete(resources.AVI_CONTROLLERS, "main"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (silent, "ControllerUnreachable"),
        (second_cloud, "CloudAmbiguous"),
        (no_controller_object, "AviControllerNotFound"),
    ],
)
def test_what_is_no_answer_holds_it(change: Callable[[PoolWorld], None], reason: str) -> None:
    there = applied()
    lose_status(there)
    change(there)
    there.delete()
    answer = there.run_pool()
    assert isinstance(answer, api.Wait | api.Blocked)
    assert there.ready()[:2] == ("False", reason)
    assert FINALIZER in (there.pool() or {})["metadata"]["finalizers"]
    there.run_pool()
    assert there.ready()[1] == reason, "a status that was written meanwhile lets nothing go"


def test_what_our_user_may_not_see_is_not_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def some(_: Any) -> str:
        return "our user does not see all tenants"

    there = applied()
    there.admin.put(f"network/{there.net['uuid']}", {**there.network, "attrs": []})
    rename(there)
    lose_status(there)
    there.delete()
    with monkeypatch.context() as patch:
        patch.setattr(visibility, "missing", some)
        there.run_pool()
    status, reason, message = there.ready()
    assert (status, reason) == ("False", "PermissionMissing")
    assert "akoo.io/let-go=" in message
    there.run_pool()
    assert there.gone(), "nothing is there that could be proven to be its own"


def test_a_pool_that_never_was_anywhere_goes_at_once() -> None:
    """Even with a controller that cannot be asked: nothing was ever put there."""
    there = PoolWorld(pool("edge", RANGE, cloud="vc-typo"))
    there.run_pool()
    assert there.ready()[1] == "CloudNotFound"
    assert not (there.pool() or {})["metadata"].get("finalizers")
    silent(there)
    there.delete()
    assert there.gone()
