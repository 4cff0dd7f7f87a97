"""`akoo-core migrate-akoo run` and `back`: a switch of two Clusters, interrupted at each write."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from akoo_ako.migration import ancestor
from akoo_ako.migration.steps import adoption
from akoo_testbed.ancestor import objects

from akoo_core.kube.request import ServerRequest
from akoo_core.objects import names
from akoo_core.plugin import commands
from tests.ako.ancestor_place import AncestorPlace, CrashError

PROOF = bool(os.environ.get("AKOO_PROOF"))
CRASHED = ("shop", "till") if PROOF else ("shop",)
"""Clusters of the places in which a process ends."""


@pytest.fixture(autouse=True)
def _adopts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adoption, "possible", lambda: True)


def changed(answer: commands.CommandAnswer) -> set[tuple[str, str]]:
    """Step and object of each change of an answer."""
    return {(each["step"], each["object"]) for each in answer.data["changes"]}


def test_a_switch_and_the_way_back() -> None:
    place = AncestorPlace()
    before = place.end()
    answer = place.run()
    assert answer.exit_code == 0, answer.lines
    both = ("Cluster team-a/shop", "Cluster team-a/till")
    machines = [f"Machine team-a/{name}-{index}" for name in ("shop", "till") for index in (0, 1)]
    config = f"AKODeploymentConfig {objects.DEFAULT_CONFIG}"
    assert changed(answer) == {
        ("stop", "PackageInstall tkg-system/ako-operator"),
        ("stop", f"Deployment {objects.NAMESPACE}/{objects.OPERATOR}"),
        ("stop", f"MutatingWebhookConfiguration {ancestor.WEBHOOKS[0]}"),
        ("stop", f"ValidatingWebhookConfiguration {ancestor.WEBHOOKS[1]}"),
        ("definitions", f"CustomResourceDefinition {ancestor.DEFINITION}"),
        ("finalizers", config),
        *(("finalizers", cluster) for cluster in both),
        *(("hooks", machine) for machine in machines),
        *(("conditions", cluster) for cluster in both),
        *(("account", f"Secret team-a/{name}-avi-credentials") for name in ("shop", "till")),
        ("adoption", config),
    }
    assert set(map(tuple, place.owners().values())) == {(names.FINALIZER,)}
    for cluster in place.all(objects.CLUSTERS):
        assert cluster["metadata"]["labels"][objects.LABEL] == objects.DEFAULT_CONFIG
        assert [each["type"] for each in cluster["status"]["conditions"]] == ["Ready"]
    for machine in place.all(objects.MACHINES):
        assert objects.HOOK not in (machine["metadata"].get("annotations") or {})
    live = place.get(objects.CONFIGS, objects.DEFAULT_CONFIG)
    assert live["spec"]["plugins"] == {"ako": {"existing": "Adopt"}}
    definition = place.get(objects.DEFINITIONS, ancestor.DEFINITION)
    assert definition["spec"]["names"]["categories"] == ["akoo"]
    assert definition["metadata"]["labels"]["app.kubernetes.io/name"] == "akoo-core"
    answer = place.back()
    assert answer.exit_code == 0, answer.lines
    assert place.end() == before


def test_a_second_run_and_a_second_way_back_change_nothing() -> None:
    place = AncestorPlace()
    assert place.back().lines == ("There is no switch to undo.",)
    place.run()
    after = place.end()
    answer = place.run()
    assert (answer.exit_code, answer.lines) == (0, ("Nothing is left to switch.",))
    assert place.end() == after
    place.back()
    after = place.end()
    assert place.back().lines == ("There is no switch to undo.",)
    assert place.end() == after


def crash(place: AncestorPlace, command: Callable[[], Any], nth: int) -> bool:
    """End the process after its nth write. False if it made fewer."""
    count = 0

    class Rule:
        """A fault that counts writes of any kind."""

        def check(self, moment: str, request: ServerRequest) -> None:
            nonlocal count
            if moment == "after" and request.write:
                count += 1
                if count == nth:
                    raise CrashError

    faults = place.server.faults
    place.server.faults = Rule()  # type: ignore[assignment]
    place.server.faults.calls = []
    try:
        command()
    except CrashError:
        return True
    finally:
        place.server.faults = faults
    return False


def _ends() -> tuple[dict[str, Any], dict[str, Any]]:
    place = AncestorPlace(CRASHED)
    before = place.end()
    place.run()
    return before, place.end()


def test_a_run_that_ends_after_any_write_goes_on_and_goes_back() -> None:
    """The same end as without, or the way back to the beginning; one owner at each point."""
    before, after = _ends()
    nth = 0
    while True:
        nth += 1
        place, returning = AncestorPlace(CRASHED), AncestorPlace(CRASHED)
        if not crash(place, place.run, nth):
            break
        place.check_owners()
        assert place.run().exit_code == 0
        assert place.end() == after, nth
        assert crash(returning, returning.run, nth)
        assert returning.back().exit_code == 0
        assert returning.end() == before, nth
    assert nth > 12


def test_a_way_back_that_ends_after_any_write_goes_on_and_turns_round() -> None:
    before, after = _ends()
    nth = 0
    while True:
        nth += 1
        place, turning = AncestorPlace(CRASHED), AncestorPlace(CRASHED)
        place.run()
        if not crash(place, place.back, nth):
            break
        place.check_owners()
        assert place.back().exit_code == 0
        assert place.end() == before, nth
        turning.run()
        assert crash(turning, turning.back, nth)
        assert turning.run().exit_code == 0
        assert turning.end() == after, nth
    assert nth > 12


@pytest.mark.skipif(not PROOF, reason="minutes (AKOO_PROOF=1)")
@pytest.mark.parametrize("part", range(6))
def test_twenty_clusters_interrupted_in_each_step(part: int) -> None:
    """The same ends, after an interruption at each seventh write of a switch and of a way back."""
    clusters = tuple(f"shop-{number}" for number in range(20))
    place = AncestorPlace(clusters)
    before = place.end()
    place.run()
    after = place.end()
    for nth in range(part * 28 + 1, part * 28 + 29, 7):
        place = AncestorPlace(clusters)
        crash(place, place.run, nth)
        place.check_owners()
        assert place.run().exit_code == 0
        assert place.end() == after, nth
        crash(place, place.back, nth)
        place.check_owners()
        assert place.back().exit_code == 0
        assert place.end() == before, nth
