"""Clusters of the Go ancestor that are deleted before their AKO was adopted."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from akoo_core import errors as core_errors
from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.objects import record as records
from akoo_core.plugin import api
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile import reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet

ADOPT: dict[str, Any] = {"plugins": {"ako": {"existing": "Adopt"}}}
OURS = [names.FINALIZER]
ANCESTORS = [names.ANCESTOR_FINALIZER]
NAME = "demo-shop"
"""AKO's clusterName, as the ancestor gave it."""
OPERATOR = names.ANCESTOR_OPERATOR
NAMESPACE = names.ANCESTOR_DEPLOYMENT.partition("/")[0]


class AdoptingAko(reconcile_plugins.Ako):
    """The small plugin ako; what it observes cannot be adopted yet."""

    class Options(structs.StrictStruct, frozen=True, kw_only=True):
        existing: str | None = None

    config_type = Options

    def only_observes(self, section: structs.JSON) -> bool:
        return section.get("existing") in ("Adopt", "Observe")

    def adopts(self, section: structs.JSON) -> bool:
        return section.get("existing") == "Adopt"

    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        return api.Wait(reason="AkoNotReady", message="It starts.", after=1.0)

    @api.hookimpl
    async def drain(self, ctx: api.VerbContext) -> api.Result | None:
        return api.Done(message="It was not made by us.")

    @api.hookimpl
    async def fence(self, ctx: api.VerbContext) -> api.Fenced | api.Wait | api.Blocked | None:
        return api.Fenced(grade="Gone", evidence="no Machine is left")


class Place(api.Fact, frozen=True, kw_only=True):
    fact_name: ClassVar[str] = "Place"
    cloud: str


class LateAvi(reconcile_plugins.Avi):
    """The small plugin avi; it looks for the place of a cluster in confirm."""

    provides: ClassVar[tuple[type[api.Fact], ...]] = (reconcile_plugins.Account, Place)

    def _enter(self, verb: str, ctx: api.VerbContext) -> api.Blocked | None:
        self.calls.append(verb)
        if verb in ("sweep", "verify"):
            assert ctx.view.fact(Place) is not None, "the place was stored before"
        return None

    @api.hookimpl
    async def confirm(self, ctx: api.VerbContext) -> api.Result | None:
        self.calls.append("confirm")
        if ctx.view.fact(Place) is None:
            place = (Place(cloud="dc1"),)
            return api.Wait(reason="PlacementFound", message="dc1.", after=0.0, facts=place)
        return api.Done()

    @api.hookimpl
    async def sweep(self, ctx: api.VerbContext) -> api.Result | None:
        self._enter("sweep", ctx)
        self.outside[ctx.view.spec.ako_cluster_name] = set()
        return None

    @api.hookimpl
    async def verify(
        self, ctx: api.VerbContext
    ) -> api.Proof | api.Unverified | api.Wait | api.Blocked | None:
        self._enter("verify", ctx)
        own = self.outside.get(ctx.view.spec.ako_cluster_name, set())
        return api.Proof(own=len(own), held=0, queries=("virtualservice",))


@pytest.fixture
def ako() -> AdoptingAko:
    return AdoptingAko()


@pytest.fixture
def avi() -> LateAvi:
    plugin = LateAvi()
    plugin.outside[NAME] = {"vs-web"}
    return plugin


async def switched(fleet: ReconcileFleet, finalizers: list[str], **spec: Any) -> str:
    """demo/shop as a switch leaves it, in deletion; the name of its record."""
    await fleet.config(**(spec or ADOPT))
    labels = {"lb": "avi", names.ANCESTOR_LABEL: "default"}
    kept = ["cluster.cluster.x-k8s.io", *finalizers]
    return await fleet.cluster(labels=labels, finalizers=kept)


def ancestor(fleet: ReconcileFleet, *, replicas: int = 0, stopped: str | None = "") -> None:
    """The ancestor's Deployment, and the journal of the switch that stopped it."""
    data = {"phase": "Switching", **({} if stopped is None else {names.ANCESTOR_STOPPED: stopped})}
    metadata = {"name": names.ANCESTOR_JOURNAL, "namespace": "akoo-system"}
    fleet.management.seed(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": OPERATOR, "namespace": NAMESPACE},
            "spec": {"replicas": replicas},
        },
    )


async def scale(fleet: ReconcileFleet, replicas: int) -> None:
    body = {"spec": {"replicas": replicas}}
    await fleet.user.merge_patch(resources.DEPLOYMENTS, OPERATOR, body, NAMESPACE)


def finalizers(fleet: ReconcileFleet) -> list[str]:
    """Those of both operators on the Cluster."""
    cluster = fleet.world.cluster_at("demo", "shop")
    assert cluster is not None
    return [each for each in cluster.finalizers if each in (*OURS, *ANCESTORS)]


async def ended(fleet: ReconcileFleet, name: str) -> None:
    """Attempts until the Cluster is let go; the quiet period passes."""
    for _ in range(6):
        await fleet.run(name)
        fleet.clock.advance(60)


def cleaned(fleet: ReconcileFleet, avi: LateAvi, name: str) -> None:
    record = fleet.record(name)
    assert record.spec.ako_cluster_name == NAME
    assert record.labels[names.ADOPTED_NAME_LABEL] == names.adopted_name_label(NAME)
    assert not avi.outside.get(NAME)
    assert "prepare" not in avi.calls
    assert fleet.condition(name, "CleanupProven") == ("True", "Proven")
    assert finalizers(fleet) == []


@pytest.mark.parametrize("seen", [True, False])
async def test_it_is_cleaned_up_under_the_name_of_the_ancestor(
    fleet: ReconcileFleet, avi: LateAvi, seen: bool
) -> None:
    """Observed before its deletion, or never seen alive."""
    name = await switched(fleet, OURS)
    if seen:
        await fleet.run(name)
        assert fleet.record(name).spec.observed
    await fleet.delete_cluster()
    await ended(fleet, name)
    cleaned(fleet, avi, name)


@pytest.mark.parametrize("existing", ["Observe", None])
async def test_a_config_that_does_not_adopt_takes_nothing(
    fleet: ReconcileFleet, avi: LateAvi, existing: str | None
) -> None:
    name = await switched(fleet, OURS, plugins={"ako": {"existing": existing}})
    if existing:
        await fleet.run(name)
    await fleet.delete_cluster()
    await fleet.run(name)
    record = fleet.record(name)
    assert record.spec.ako_cluster_name == name
    assert record.spec.adoption is None
    assert avi.outside[NAME] == {"vs-web"}


async def test_the_finalizer_of_a_stopped_ancestor_stands_for_ours(
    fleet: ReconcileFleet, avi: LateAvi
) -> None:
    name = await switched(fleet, ANCESTORS)
    ancestor(fleet)
    await fleet.delete_cluster()
    await fleet.run(name)
    assert finalizers(fleet) == ANCESTORS
    assert fleet.condition(name, "AncestorFinalizer") == ("True", "AncestorStopped")
    assert fleet.condition(name, "CleanupProven")[0] == "False"
    await ended(fleet, name)
    cleaned(fleet, avi, name)
    await fleet.run(name)
    assert "AncestorFinalizer" not in fleet.conditions(name)


@pytest.mark.parametrize(
    "there",
    [
        {"replicas": 1},
        {"stopped": None},
        {"stopped": "elsewhere/ako-operator-controller-manager"},
        None,
    ],
)
async def test_nothing_is_done_unless_the_ancestor_is_shown_to_be_stopped(
    fleet: ReconcileFleet, avi: LateAvi, there: dict[str, Any] | None
) -> None:
    """It runs; the journal does not say that it was stopped; it runs elsewhere; no journal."""
    name = await switched(fleet, ANCESTORS)
    if there is not None:
        ancestor(fleet, **there)
    if there and there.get("stopped"):
        ancestor_elsewhere = {"name": OPERATOR, "namespace": "elsewhere"}
        fleet.management.seed(
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": ancestor_elsewhere}
        )
    await fleet.delete_cluster()
    outcome = await fleet.run(name)
    assert fleet.writes == []
    assert outcome.requeue_after == 60.0
    assert fleet.management.objects(resources.AKO_DEPLOYMENTS) == []
    assert avi.calls == []


async def test_an_ancestor_that_starts_meanwhile_ends_the_clean_up(
    fleet: ReconcileFleet, avi: LateAvi
) -> None:
    """And it goes on once the ancestor is stopped again."""
    name = await switched(fleet, ANCESTORS)
    ancestor(fleet)
    await fleet.delete_cluster()
    await fleet.run(name)
    await scale(fleet, 1)
    avi.calls.clear()
    avi.outside[NAME] = {"vs-new"}
    await ended(fleet, name)
    assert avi.calls == []
    assert finalizers(fleet) == ANCESTORS
    assert fleet.condition(name, "Held") == ("True", "TwoOperators")
    await scale(fleet, 0)
    await ended(fleet, name)
    cleaned(fleet, avi, name)


async def test_a_journal_that_may_not_be_read_shows_nothing(
    fleet: ReconcileFleet, avi: LateAvi
) -> None:
    name = await switched(fleet, ANCESTORS)
    ancestor(fleet)
    await fleet.delete_cluster()
    for denied in ("get configmaps", "get deployments"):
        fleet.management.faults.before(denied, errors.ForbiddenError("no"))
        await fleet.run(name)
        assert fleet.management.objects(resources.AKO_DEPLOYMENTS) == []
    assert avi.calls == []


async def test_both_finalizers_of_an_unadopted_cluster(fleet: ReconcileFleet, avi: LateAvi) -> None:
    """The ancestor was started again after the switch: it comes first."""
    name = await switched(fleet, [*OURS, *ANCESTORS])
    ancestor(fleet, replicas=1)
    await fleet.delete_cluster()
    await ended(fleet, name)
    assert avi.calls == []
    assert finalizers(fleet) == [*OURS, *ANCESTORS]
    await scale(fleet, 0)
    await ended(fleet, name)
    cleaned(fleet, avi, name)


async def test_a_name_that_another_record_has_is_not_taken(
    fleet: ReconcileFleet, avi: LateAvi
) -> None:
    """Nobody can say then what is left: nothing of the other's goes, and there is no proof."""
    other = builders.make_record(ako_cluster_name=NAME).spec
    obj = records.to_object("akoo-000000000001", other)
    obj["metadata"]["labels"] |= {names.ADOPTED_NAME_LABEL: names.adopted_name_label(NAME)}
    obj["spec"]["clusterRef"] = {"namespace": "a", "name": "b-shop", "uid": "another"}
    fleet.management.seed(obj)
    name = await switched(fleet, OURS)
    await fleet.delete_cluster()
    await ended(fleet, name)
    record = fleet.record(name)
    assert (record.spec.ako_cluster_name, record.spec.history_unknown) == (name, True)
    assert avi.outside[NAME] == {"vs-web"}
    assert fleet.condition(name, "CleanupProven")[0] == "Unknown"


async def test_a_config_in_deletion_outlives_its_clusters(
    fleet: ReconcileFleet, avi: LateAvi
) -> None:
    """Config and Cluster in deletion: the label names the config, which selects nothing now."""
    name = await switched(fleet, ANCESTORS)
    body: dict[str, Any] = {"metadata": {"finalizers": ANCESTORS}}
    await fleet.user.merge_patch(resources.AKO_DEPLOYMENT_CONFIGS, "default", body)
    await fleet.user.delete(resources.AKO_DEPLOYMENT_CONFIGS, "default")
    await fleet.delete_cluster()
    assert (await fleet.configs.reconcile("default", 0)).requeue_after == 30.0
    ancestor(fleet)
    outcome = await fleet.configs.reconcile("default", 0)
    assert outcome.requeue_after == 30.0
    assert fleet.management.objects(resources.AKO_DEPLOYMENT_CONFIGS)
    await ended(fleet, name)
    cleaned(fleet, avi, name)
    await fleet.configs.reconcile("default", 0)
    assert fleet.management.objects(resources.AKO_DEPLOYMENT_CONFIGS) == []


class CrashError(core_errors.ProcessEnd):
    """The end of a process."""


class Cut:
    """Ends the process at write n, before it takes effect or before its answer is seen."""

    def __init__(self, n: int, moment: str) -> None:
        self.left, self._moment = n, moment

    def before(self, site: str, *, write: bool) -> None:
        self._count("before", write)

    def after(self, site: str, *, write: bool) -> None:
        self._count("after", write)

    def _count(self, moment: str, write: bool) -> None:
        if write and moment == self._moment:
            self.left -= 1
            if self.left == 0:
                raise CrashError


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("held_by", [OURS, ANCESTORS])
async def test_a_crash_at_any_write(held_by: list[str], moment: str) -> None:
    """Another process goes on: the same end, and the finalizer is there until the proof."""
    n, crashed = 0, True
    while crashed:
        n += 1
        avi, cut = LateAvi(), Cut(n, moment)
        avi.outside[NAME] = {"vs-web"}
        fleet = ReconcileFleet(AdoptingAko(), avi)
        name = await switched(fleet, held_by)
        ancestor(fleet)
        await fleet.delete_cluster()
        fleet.external._interceptor = cut
        for _ in range(7):
            try:
                await fleet.run(name)
            except CrashError:
                fleet.start()
            if avi.outside.get(NAME):
                assert finalizers(fleet) == held_by, f"after a crash at write {n}"
            fleet.clock.advance(60)
        cleaned(fleet, avi, name)
        crashed = cut.left <= 0
    assert n > 8, "every write was tried"
