"""The protocol of uses, exhaustively: the real code of both sides, every interleaving, every crash.

Nothing outside is deleted while a confirmed use of it or a hand on it exists, and nobody waits for
ever. Two records of one pool; one record of a pool that is made again under another UID. With
AKOO_PROOF set also two records of a pool that is made again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from akoo_core import structs
from akoo_core.reconcile.act import intents
from tests.sim import uses_model as model
from tests.sim import uses_scripts as scripts

SIZES = [(2, 1), (1, 2)]
PROOF = [(2, 2)] if os.environ.get("AKOO_PROOF") else []


@pytest.fixture(autouse=True)
def _as_the_code_is_now() -> Iterator[None]:
    """Nothing is remembered of what the code did in another test."""
    scripts.next_call.cache_clear()
    yield
    scripts.next_call.cache_clear()


@pytest.mark.parametrize("by_uid", [True, False])
@pytest.mark.parametrize(("records", "pools"), [*SIZES, *PROOF])
def test_nothing_in_use_is_deleted_and_all_go_on(records: int, pools: int, by_uid: bool) -> None:
    graph = model.explore(by_uid=by_uid, records=records, pools=pools)
    assert len(graph.worlds) > 1000, "crashes and interleavings are explored"
    gone = {
        world for world in graph.worlds if world.pool is None and world.outside == 0 and world.made
    }
    assert any(world.made == pools and world.pool is None for world in graph.worlds)
    assert graph.worlds - model.reaching(graph, gone) - unmade(graph) == set(), "deletions end"
    in_use = {world for world in graph.worlds if any(record.touched for record in world.owners)}
    lives = {world for world in graph.worlds if usable(world)}
    assert lives
    assert lives - model.reaching(graph, in_use) == set(), "a pool that lives can be used"


def unmade(graph: model.Graph) -> set[model.World]:
    """Nobody has made a pool yet."""
    return {world for world in graph.worlds if not world.made}


def usable(world: model.World) -> bool:
    """A pool that is not being deleted, and a record that may use it."""
    alive = world.pool is not None and not world.pool[1]
    return alive and any(owner.stage == "live" for owner in world.owners)


def test_a_controller_that_looks_too_early_is_found() -> None:
    """The exploration sees what it is there to see."""
    with pytest.raises(model.BrokenError, match="while it is used"):
        model.explore("hasty", records=1, pools=1)


def test_a_record_that_looks_before_it_stores_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Confirmed at once, without a look after it was stored: not the protocol."""
    tentative = intents._tentative
    monkeypatch.setattr(
        intents,
        "_tentative",
        lambda plugin, use: structs.replace(tentative(plugin, use), state="confirmed"),
    )
    with pytest.raises(model.BrokenError):
        model.explore(records=1, pools=2)


def test_an_older_answer_that_dropped_a_confirmed_use_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Uses were once known by name only: a cache that is behind then took a use back."""
    real = intents.with_new_uses
    monkeypatch.setattr(
        intents, "with_new_uses", lambda stored, answers: real(stored, answers)[-1:]
    )
    with pytest.raises(model.BrokenError):
        model.explore(records=1, pools=2)
