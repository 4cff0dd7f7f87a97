"""Each check of the conformance suite catches the mistake it is for; good plugins pass them all."""

from __future__ import annotations

import unittest
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

import pytest

from akoo_core import testing
from akoo_core.plugin import api
from akoo_core.testing import conformance
from akoo_core.testing.conformance import outside as look_outside
from tests.unit.testing import conformance_cloud as cloud
from tests.unit.testing import conformance_keeping as keeping
from tests.unit.testing import conformance_leaks as leaks
from tests.unit.testing import conformance_mistakes as mistakes
from tests.unit.testing import conformance_neighbours as neighbours
from tests.unit.testing import conformance_outside as outside
from tests.unit.testing import conformance_requests as requests
from tests.unit.testing import conformance_sources as sources
from tests.unit.testing.conformance_cloud import GoodPlugin as Good

TOKEN = "c4nary-cloud-token"


def subject(kind: type[Good]) -> conformance.Subject:
    """The plugin of that class, beside its cloud."""

    def make(world: testing.World) -> api.Plugin:
        assert isinstance(world, cloud.CloudWorld)
        return kind(world.cloud)

    return conformance.Subject(make, cloud.CloudWorld)


class TestGoodPlugin(conformance.Suite):
    """The suite as authors use it."""

    scenarios: ClassVar[Mapping[str, Callable[[], testing.World]]] = {"plain": cloud.CloudWorld}

    def make(self, world: testing.World) -> api.Plugin:
        assert isinstance(world, cloud.CloudWorld)
        return Good(world.cloud)


class TestGoodPluginWithAnnotations(conformance.Suite):
    """A plugin that people may ask for something."""

    scenarios: ClassVar[Mapping[str, Callable[[], testing.World]]] = {"plain": cloud.CloudWorld}

    def make(self, world: testing.World) -> api.Plugin:
        assert isinstance(world, cloud.CloudWorld)
        return requests.Snapshots(world.cloud)


BAD: dict[type[Good], tuple[str, str]] = {
    mistakes.WritesAgain: ("twice_is_once", "called again after Done it writes: cloud POST vol"),
    mistakes.NeverStopsWriting: (
        "twice_is_once",
        "it goes on writing in a world that does",
    ),
    mistakes.RemembersInTheProcess: (
        "twice_is_once",
        "called by a new process after Done",
    ),
    mistakes.AnswersAnotherWay: ("twice_is_once", "in an unchanged world. What it must remember"),
    mistakes.IsNotPure: ("twice_is_once", "in an unchanged world"),
    mistakes.ChangesItsConfig: ("twice_is_once", "it changed the config it was given"),
    mistakes.Raises: ("twice_is_once", "it failed where nothing was wrong: KeyError: 'status'"),
    mistakes.LeavesATask: ("leaves_no_tasks", "it returned while tasks of its own were running"),
    mistakes.SwallowsCancellation: ("survives_cancellation", "cancelled at its await 1 it went on"),
    mistakes.MakesHalves: (
        "survives_cancellation",
        "another state than undisturbed: outside",
    ),
    mistakes.NamesByChance: ("survives_failures", "Derive names from the record"),
    mistakes.CallsFailureSuccess: ("survives_failures", "although not everything was done"),
    mistakes.CatchesEverything: ("survives_failures", "Catch Exception at most"),
    mistakes.SweepsWhatItRemembers: ("leaves_before_prepared", "something remains: outside"),
    mistakes.NeedsAPastToLeave: ("leaves_with_nothing", "without a past it raised: verify"),
    mistakes.NeedsTheConfigToLeave: ("leaves_with_nothing", "without its config it raised"),
    mistakes.NeedsTheClusterToLeave: (
        "leaves_with_nothing",
        "without its Cluster object it",
    ),
    mistakes.NeedsTheWorkloadToLeave: ("leaves_with_nothing", "without its workload API it raised"),
    mistakes.WaitsForTheWorkload: (
        "fences_without_workload",
        "without its workload API it ends with ('Wait', 'WorkloadUnreachable')",
    ),
    mistakes.FencesWhatItDidNotDo: (
        "fences_without_workload",
        "without all of them it ends with ('Blocked', 'VolumeUnknown')",
    ),
    mistakes.ReadsFactsByHand: ("bears_newer_facts", "with version 2 of the fact Zone it came to"),
    mistakes.WaitsForDeclined: (
        "bears_declined_facts",
        "with the fact Zone declined it came to ('Wait', 'ZoneAwaited') instead of",
    ),
    mistakes.NeedsAwaited: ("bears_declined_facts", "with the fact Zone awaited it raised"),
    mistakes.CountsFacts: ("bears_newer_facts", "with a fact that nobody knows it came to"),
    keeping.LosesAWrite: (
        "survives_failures",
        (
            "an error before call 2 (kubernetes create secrets akoo-system/akoo-kept.good.volume): "
            "it answered ('Done', [], [], '') although not everything was done"
        ),
    ),
    keeping.WritesWhatItRead: (
        "survives_failures",
        "ends with another state than undisturbed: management",
    ),
    keeping.ShowsAKeptValue: ("keeps_secrets", "'kept-volume' is seen in its answer"),
    keeping.KeepsUndeclared: ("twice_is_once", "it failed where nothing was wrong"),
    leaks.LogsASecret: ("keeps_secrets", f"'{TOKEN}' is seen in a log line"),
    leaks.LogsASecretElsewhere: ("keeps_secrets", f"'{TOKEN}' is seen in a log line"),
    leaks.TracesASecret: ("keeps_secrets", f"'{TOKEN}' is seen in the span login"),
    leaks.TellsASecret: ("keeps_secrets", f"'{TOKEN}' is seen in its answer"),
    leaks.SaysASecretWhenRefused: ("keeps_secrets", f"'{TOKEN}' is seen in the text of its error"),
    leaks.StoresASecret: ("keeps_secrets", f"'{TOKEN}' is seen in its answer"),
    leaks.WritesASecretInTheOpen: ("keeps_secrets", "is seen in ConfigMap volume in the workload"),
    leaks.UsesWithoutRights: ("declares_its_rights", "intend of plugin"),
    leaks.ReconcilesWithoutRights: ("declares_its_rights", "the right to patch volumes/status of"),
    leaks.AppliesWithoutTheRightToCreate: ("declares_its_rights", "the right to create volumes of"),
    leaks.ReconcilesAgain: ("reconciles_alike", "called again in an unchanged world it writes"),
    leaks.ReconcilesOutOfScope: ("reconciles_alike", "OutOfScopeError"),
    leaks.PlansByDoing: ("looks_only", "ReadOnlyError: it tried to write in a read-only call"),
    leaks.PlansByDoingInSilence: ("looks_only", "it changed something in a read-only call"),
    leaks.PlansAKeyByDoing: ("looks_only", "ReadOnlyError: it tried to write"),
    leaks.PlansAKeyForEver: ("looks_only", "after a reconcile that is Done it plans to change Vol"),
    leaks.ChecksByDoing: ("looks_only", "ReadOnlyError: it tried to write in a read-only call"),
    leaks.ChecksByDoingInSilence: ("looks_only", "it changed something in a read-only call"),
    leaks.ChecksInVain: ("looks_only", "it says that all is good, although call 1 (cloud GET volu"),
    leaks.ShowsASecretInAFinding: ("looks_only", f"'{TOKEN}' is seen in its answer"),
    neighbours.NeedsAnOptionalKind: (
        "bears_missing_kinds",
        "it failed while disks.cloud.example was not served: NotFoundError",
    ),
    neighbours.TakesConditions: (
        "keeps_marks_of_others",
        "it removed or changed a condition of another controller on Volume shared",
    ),
    neighbours.ReadsConditionsOfOthers: (
        "keeps_marks_of_others",
        "beside a condition of another controller it answers ('Blocked', 'VolumeInvalid') instead",
    ),
    neighbours.TakesFinalizers: (
        "keeps_marks_of_others",
        "it removed a finalizer of others from Volume shared",
    ),
    neighbours.ComparesEverything: (
        "keeps_marks_of_others",
        "beside a condition of another controller it never stops writing: kubernetes patch vol",
    ),
    neighbours.IgnoresHolds: (
        "waits_for_holds",
        "something outside has changed although finalizer akoo.io/of-the-conformance-suite",
    ),
    requests.CopiesTwice: (
        "handles_annotations_once",
        "with the annotation good.akoo.io/snapshot=requested seen twice it leaves another state",
    ),
    requests.CountsThem: ("handles_annotations_once", "-1'}], [], ''), once with ('Done'"),
    sources.Writes: ("follows_quietly", "it writes: cloud POST volume. Add a key"),
    sources.WritesInSilence: ("follows_quietly", "it changed something. A source reads only."),
    sources.Raises: ("follows_quietly", "it failed where nothing was wrong: KeyError"),
    sources.AddsNoText: ("follows_quietly", "a source added int, not text"),
    sources.ShowsASecret: ("follows_quietly", f"'{TOKEN}' is seen in a log line"),
    sources.Ends: ("follows_quietly", "it ended. Wait where there is nothing to do"),
    sources.NeverWaits: ("follows_quietly", "it made 1000 calls within 300 s"),
    sources.GoesOn: ("follows_quietly", "it went on when it was cancelled"),
    sources.LeavesATask: ("follows_quietly", "it left tasks behind when it was cancelled"),
    sources.RemembersTooSoon: ("follows_quietly", "(cloud GET volumes) it never adds shared"),
    sources.CatchesACrash: ("follows_quietly", "(cloud GET volumes) it went on. Catch Exception"),
    outside.Sleeps: ("does_not_block", "it held up the event loop for "),
    outside.WaitsForALock: ("does_not_block", "call what blocks by ctx.threads.run"),
    outside.Computes: ("does_not_block", "observe of plugin"),
    outside.WritesRoundTheSeam: ("writes_by_the_seam", "something outside has changed"),
    outside.WritesAFile: ("writes_by_the_seam", "observe of plugin"),
    outside.AlwaysClean: ("counts_what_is_there", "it says own=0 before sweep"),
    leaks.ShowsTheLiving: ("looks_only", "is alive: leave out what belongs to one of ctx.records"),
}


@pytest.mark.parametrize("kind", BAD, ids=lambda kind: kind.__name__)
def test_the_check_catches_the_mistake(kind: type[Good]) -> None:
    check, message = BAD[kind]
    with pytest.raises(conformance.ConformanceError) as caught:
        conformance.CHECKS[check](subject(kind))
    assert message in str(caught.value)
    assert 'plugin "good" in scenario "plain"' in str(caught.value)


class LoadedMachine:
    """A machine that takes the CPU away before each read of a clock, for a time of its own.

    Seconds pass only where the machine or the plugin lets them pass.
    """

    def __init__(self, reads: Iterable[float]) -> None:
        self._reads = iter(reads)
        self.now = 0.0
        self.starved = 0.0

    def wait(self) -> None:
        seconds = next(self._reads, 0.0)
        self.now += seconds
        self.starved += seconds

    def monotonic(self) -> float:
        self.wait()
        return self.now

    def waited(self, _: int | None) -> float:
        self.wait()
        return self.starved

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize("blocked", [0.0, 0.3])
@pytest.mark.parametrize(
    "reads",
    [
        pytest.param([float(read == taken) for read in range(9)], id=f"read-{taken}")
        for taken in range(9)
    ],
)
def test_waits_for_a_cpu_neither_hide_nor_add_time(
    monkeypatch: pytest.MonkeyPatch, reads: list[float], blocked: float
) -> None:
    """The machine takes the CPU away for a second before each of the reads in turn."""
    machine = LoadedMachine(reads)
    monkeypatch.setattr(look_outside, "time", machine)
    monkeypatch.setattr(look_outside, "_starved", machine.waited)
    started = look_outside._unstarved(None)
    machine.sleep(blocked)
    assert look_outside._unstarved(None) - started == pytest.approx(blocked)


def test_every_check_catches_something() -> None:
    assert {check for check, _ in BAD.values()} == set(conformance.CHECKS)


def test_a_system_outside_that_all_worlds_share_is_no_false_proof() -> None:
    """As where `akoo-core plugins check` calls a plugin that has files to work with."""
    files = cloud.Cloud()
    shared = conformance.Subject(lambda _: Good(files), cloud.CloudWorld)
    conformance.CHECKS["counts_what_is_there"](shared)


def test_a_missing_right_is_named_with_the_rule_and_the_place() -> None:
    (message,) = conformance.problems(subject(leaks.ReconcilesWithoutRights))
    assert (
        "Add RbacRule(groups=('cloud.example',), resources=('volumes/status',), verbs=('patch',)) "
        "to ReconcilesWithoutRights.rbac"
    ) in message
    assert f"{leaks.__file__}:" in message


def test_a_verb_that_no_scenario_reaches_is_an_error() -> None:
    class Poor(conformance.Suite):
        plugin = staticmethod(lambda: Good(cloud.Cloud()))

    with pytest.raises(conformance.ConformanceError, match=r"comes to contribute, .*, verify"):
        Poor().test_scenarios_reach_every_verb()


class Misspelled(Good):
    """A plugin that the operator refuses."""

    name = "good"

    @api.hookimpl
    async def sweeep(self, ctx: api.VerbContext) -> None:
        """A verb by a wrong name."""


class Unmade(Good):
    """A plugin that cannot be made."""

    def __init__(self, _: cloud.Cloud) -> None:
        raise RuntimeError("no cloud")


@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        (
            Misspelled,
            conformance.ConformanceError,
            'there is no verb "sweeep"; did you mean "sweep"',
        ),
        (Unmade, RuntimeError, "no cloud"),
    ],
)
def test_a_plugin_that_is_refused_fails_one_test(
    kind: type[Good], error: type[Exception], message: str
) -> None:
    class Broken(conformance.Suite):
        plugin = staticmethod(lambda: kind(cloud.Cloud()))

    with pytest.raises(error, match=message):
        Broken().test_contract()
    for check in conformance.CHECKS:
        with pytest.raises(unittest.SkipTest, match="breaks the contract: see test_contract"):
            Broken().test_check("plain", check)
    with pytest.raises(unittest.SkipTest, match="breaks the contract"):
        Broken().test_scenarios_reach_every_verb()


def test_the_problem_of_a_plugin_that_is_refused_is_its_only_one() -> None:
    (message,) = conformance.problems(subject(Misspelled))
    assert 'there is no verb "sweeep"' in message
