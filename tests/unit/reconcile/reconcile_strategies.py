"""Situations for hypothesis: records as they come to be, and records as nobody would make them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from hypothesis import strategies as st

from akoo_core import structs
from akoo_core.objects import names
from akoo_core.objects.config import Policies
from akoo_core.objects.record import (
    Cause,
    FenceState,
    Leaving,
    Orphaned,
    StoredLetGo,
    StoredProof,
    Workload,
)
from akoo_core.reconcile.decide import decisions, selection, situation
from tests.unit.reconcile import reconcile_builders as builders

STEP_NAMES = get_args(decisions.Step)
TIMES = st.integers(-7200, 7200).map(lambda s: builders.NOW - builders.seconds(s))
MAYBE = st.none() | TIMES

FENCES = st.builds(
    FenceState,
    grade=st.sampled_from(["Revoked", "Stopped", "Gone", "Unfenced"]),
    evidence=st.just("seen"),
    at=TIMES,
    settle_seconds=st.sampled_from([0, 1800]),
)
PROOFS = st.builds(
    StoredProof,
    plugin=st.just("avi"),
    at=TIMES,
    own=st.sampled_from([0, 0, 2]),
    suspect=st.integers(0, 1),
    held=st.sampled_from([0, 0, 1]),
    unseen=st.sampled_from([(), (), ("another tenant",)]),
)
LET_GO = st.builds(
    StoredLetGo,
    at=TIMES,
    why=st.sampled_from(["Proven", "Counted", "NoVerifier", "Deadline", "UserWord", "Gone"]),
)
LEAVING = st.builds(
    Leaving,
    cause=st.sampled_from(get_args(Cause)),
    started_at=TIMES,
    confirmed_at=MAYBE,
    drained_at=MAYBE,
    fence=st.none() | FENCES,
    swept_at=MAYBE,
    last_non_empty_at=MAYBE,
    proof=st.none() | PROOFS,
    undeployed_at=MAYBE,
    let_go=st.none() | LET_GO,
    released_at=MAYBE,
    attempted_at=MAYBE,
    paused_at=MAYBE,
    paused_seconds=st.integers(0, 4000),
)
POLICIES = st.sampled_from(
    [
        Policies(),
        Policies(on_unmatch="Remove"),
        Policies(on_unmatch="Remove", deadline="0s", quiet_period="0s"),
        Policies(on_deadline="Hold", deadline="0s"),
    ]
)
ANNOTATIONS = st.fixed_dictionaries(
    {},
    optional={
        names.LEAVE_ANNOTATION: st.sampled_from(["sweep", "orphan", "x"]),
        names.LET_GO_ANNOTATION: st.sampled_from(["", "because"]),
        names.PAUSED_ANNOTATION: st.just(""),
        names.ABANDON_PLACEMENT_ANNOTATION: st.sampled_from(["", "because"]),
        names.ADOPT_ANNOTATION: st.sampled_from([builders.MANAGEMENT, "other", "x"]),
    },
)
ALONE = st.sampled_from(
    [
        {names.LEAVE_ANNOTATION: "sweep"},
        {names.LEAVE_ANNOTATION: "orphan"},
        {names.LET_GO_ANNOTATION: "because"},
        {names.ABANDON_PLACEMENT_ANNOTATION: "because"},
        {names.ADOPT_ANNOTATION: builders.MANAGEMENT},
    ]
)
"""One annotation: with others beside it, most of them decide nothing."""
ORPHANED = st.builds(Orphaned, cause=st.sampled_from(["Unmatched", "UserWord"]), at=TIMES)
RECORDS = st.builds(
    builders.make_record,
    annotations=ANNOTATIONS,
    policies=POLICIES,
    leaving=st.none() | LEAVING,
    orphaned=st.none() | ORPHANED,
    finished_at=MAYBE,
    schema_version=st.sampled_from([1, 1, 1, 2]),
    plugins=st.sampled_from([(), ("ako",), ("avi",)]),
    management_id=st.sampled_from([builders.MANAGEMENT, builders.MANAGEMENT, "other"]),
    workload=st.none() | st.just(Workload(kube_system_uid="w")),
    history_unknown=st.booleans(),
)
CLUSTERS = st.builds(
    builders.make_cluster,
    finalizers=st.sampled_from([(), (names.FINALIZER,)]),
    paused=st.booleans(),
    deleting=st.booleans(),
    moving=st.sampled_from([False, False, True]),
)
CHOICES = st.sampled_from(
    [
        *(
            selection.Choice(why="none matches", current=state)
            for state in get_args(selection.ConfigState)
        ),
        *(selection.Choice(config=builders.make_config(), why="it matches") for _ in range(3)),
    ]
)
RELOCATIONS = st.sampled_from([{}, {"avi": "from here to there"}])
SITUATIONS = st.builds(
    builders.make_situation,
    record=st.none() | RECORDS,
    cluster=st.none() | CLUSTERS,
    namesake=st.none() | st.just(builders.make_cluster(uid="other")),
    choice=CHOICES,
    loaded=st.sampled_from([builders.VERIFIER, {"ako": situation.LoadedPlugin()}]),
    shared_with=st.sampled_from([(), ("akoo-x",)]),
    progress=st.builds(
        situation.Progress,
        workload_uid=st.sampled_from(["", "w", "x"]),
        relocations=RELOCATIONS,
        tried=st.booleans(),
        done=st.frozensets(st.sampled_from(STEP_NAMES)),
    ),
)

FENCING = {"ako": situation.LoadedPlugin(fences=True)}
LOADED = st.sampled_from([builders.VERIFIER, builders.VERIFIER | FENCING, FENCING])
UNFENCED = st.sampled_from([{}, {}, {"ako": "Pods are ending."}])
CAUSES: tuple[Cause, ...] = get_args(Cause)


@st.composite
def leaving_so_far(
    draw: st.DrawFn,
    causes: tuple[Cause, ...] = CAUSES,
    *,
    lengths: Sequence[int] = range(8),
    proofs: st.SearchStrategy[StoredProof] = PROOFS,
) -> Leaving:
    """Leaving as it really comes to be: a beginning of the steps, in order, times growing."""
    cause = draw(st.sampled_from(causes))
    steps = draw(st.sampled_from(lengths))
    ages = sorted(draw(st.lists(st.integers(0, 7200), min_size=8, max_size=8)), reverse=True)
    at = [builders.NOW - builders.seconds(age) for age in ages]
    state = Leaving(
        cause=cause,
        started_at=at[0],
        attempted_at=draw(st.sampled_from([None, at[1]])),
        paused_seconds=draw(st.sampled_from([0, 600])),
    )
    changes: list[dict[str, object]] = [
        {"confirmed_at": at[1]},
        {"drained_at": at[2]},
        _fenced(structs.replace(draw(FENCES), at=at[3]), finished=draw(st.booleans())),
        {"swept_at": at[4], "proof": structs.replace(draw(proofs), at=at[4])},
        {} if cause == "Relocated" else {"undeployed_at": at[5]},
        {} if cause == "Relocated" else {"let_go": structs.replace(draw(LET_GO), at=at[6])},
        {"released_at": at[7]},
    ]
    for change in changes[:steps]:
        state = structs.replace(state, **change)
    return state


def _fenced(fence: FenceState, *, finished: bool) -> dict[str, object]:
    """A stored fence, of the only plugin that has one or of the core."""
    return {"fence": fence, "fences": {"ako": fence} if finished else {}}


HERE = st.builds(builders.make_cluster, deleting=st.booleans())
LEAVERS = st.builds(
    builders.make_situation,
    record=st.builds(
        builders.make_record,
        policies=POLICIES,
        leaving=leaving_so_far(),
        annotations=st.just({}) | ANNOTATIONS,
        workload=st.just(Workload(kube_system_uid="w")),
    ),
    cluster=st.sampled_from([True, True, True, False]).flatmap(
        lambda there: HERE if there else st.none()
    ),
    loaded=LOADED,
    progress=st.builds(
        situation.Progress,
        relocations=RELOCATIONS,
        tried=st.booleans(),
        done=st.frozensets(st.sampled_from(STEP_NAMES), max_size=3),
        unfenced=UNFENCED,
    ),
)
CLEAN = st.builds(
    StoredProof,
    plugin=st.just("avi"),
    at=TIMES,
    own=st.just(0),
    suspect=st.just(0),
    held=st.just(0),
    unseen=st.sampled_from([(), ("another tenant",)]),
)
ENDERS = st.builds(
    builders.make_situation,
    record=st.builds(
        builders.make_record,
        policies=st.sampled_from([Policies(), Policies(quiet_period="0s")]),
        leaving=leaving_so_far(("ClusterDeleted", "Unmatched"), lengths=(4, 5), proofs=CLEAN),
        workload=st.just(Workload(kube_system_uid="w")),
    ),
    cluster=st.builds(builders.make_cluster, deleting=st.booleans()),
    loaded=st.just(builders.VERIFIER | FENCING),
    progress=st.builds(
        situation.Progress,
        done=st.sampled_from([frozenset(), frozenset({"fence"})]),
        unfenced=UNFENCED,
    ),
)
"""Nothing is left, but for the last count and what follows."""
RELOCATORS = st.builds(
    builders.make_situation,
    record=st.builds(
        builders.make_record,
        policies=POLICIES,
        leaving=leaving_so_far(("Relocated",)),
        annotations=st.just({}) | ALONE,
        workload=st.just(Workload(kube_system_uid="w")),
    ),
    loaded=LOADED,
    progress=st.builds(
        situation.Progress,
        relocations=RELOCATIONS,
        done=st.frozensets(st.sampled_from(STEP_NAMES), max_size=3),
        unfenced=UNFENCED,
    ),
)
CALM = st.builds(
    builders.make_situation,
    record=st.builds(builders.make_record, policies=POLICIES, annotations=st.just({}) | ALONE),
    choice=CHOICES,
    progress=st.builds(situation.Progress, relocations=RELOCATIONS),
)
"""A Cluster that nobody deletes, with one annotation at most."""
DWELLERS = st.builds(
    builders.make_situation,
    record=st.builds(
        builders.make_record,
        policies=POLICIES,
        annotations=st.sampled_from([True, False]).flatmap(
            lambda mute: st.just({}) if mute else ANNOTATIONS
        ),
    ),
    cluster=HERE,
    choice=CHOICES,
    progress=st.builds(situation.Progress, relocations=st.just({}) | RELOCATIONS),
)
