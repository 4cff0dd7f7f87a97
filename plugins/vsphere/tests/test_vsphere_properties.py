"""Whatever holds for every port group, spec, drift and use; and bugs that these tests must find."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import hypothesis
import pytest
from akoo_vsphere import (
    adoption,
    config_spec,
    differences,
    guards,
    marks,
    observed,
    ownership,
    plan,
    situation,
    writing,
)
from akoo_vsphere.spec import port_group, refusal, settings
from hypothesis import given
from hypothesis import strategies as st

from akoo_core.plugin import structs
from tests.vsphere import vsphere_model as model
from tests.vsphere import vsphere_oracle as oracle

Json = dict[str, Any]
EXAMPLES = hypothesis.settings(max_examples=300, phases=[hypothesis.Phase.generate])

BOOLS = st.booleans()
SPANS = st.lists(
    st.sampled_from([(1, 5), (7, 7), (8, 20), (100, 120)]), min_size=1, max_size=3, unique=True
)
TRUNKS = SPANS.map(lambda spans: [{"start": first, "end": last} for first, last in spans])
VLANS = st.one_of(
    st.builds(lambda number: {"id": number}, st.sampled_from([0, 7, 8])),
    st.builds(lambda spans: {"trunk": spans}, TRUNKS),
    st.just({"pvlanSecondaryID": 301}),
    st.just({"inherited": True}),
)
UPLINKS = st.permutations(["uplink1", "uplink2", "uplink3", "lag1"])


@st.composite
def specs(draw: st.DrawFn) -> Json:
    """A spec that states any part of what can be stated."""
    spec: Json = {}
    if draw(BOOLS):
        spec["vlan"] = draw(VLANS)
    if draw(BOOLS):
        spec["description"] = draw(st.sampled_from(["", "Avi", "two\nlines"]))
    if draw(BOOLS):
        spec["portAllocation"] = draw(st.sampled_from(["Elastic", "Fixed"]))
        if spec["portAllocation"] == "Fixed":
            spec["numPorts"] = draw(st.sampled_from([2, 8, 64]))
    if draw(BOOLS):
        spec["macManagementPolicy"] = draw(security())
    if draw(BOOLS):
        spec["teaming"] = draw(teaming())
    return spec


@st.composite
def security(draw: st.DrawFn) -> Json:
    policy = {key: draw(BOOLS) for key in ("allowPromiscuous", "forgedTransmits", "macChanges")}
    if not draw(BOOLS):
        return policy
    learning: Json = {"enabled": draw(BOOLS)}
    if draw(BOOLS):
        learning["limit"] = draw(st.sampled_from([0, 7, 4096]))
    return {**policy, "macLearning": learning}


@st.composite
def teaming(draw: st.DrawFn) -> Json:
    part: Json = {}
    if draw(BOOLS):
        part["policy"] = draw(st.sampled_from(["loadbalance_srcid", "failover_explicit"]))
    if draw(BOOLS):
        part["notifySwitches"] = draw(BOOLS)
    if draw(BOOLS):
        part["failback"] = draw(BOOLS)
    if draw(BOOLS):
        order = draw(UPLINKS)
        part["activeUplinks"] = order[: draw(st.integers(1, 2))]
        if draw(BOOLS):
            part["standbyUplinks"] = order[2 : draw(st.integers(2, 4))]
    return part


class Hand(NamedTuple):
    """Changes that somebody makes in vCenter; None of a field: none there."""

    vlan: Json | None
    security: Json | None
    teaming: Json | None
    ports: int | None
    name: str | None
    words: str | None


HANDS = st.builds(
    Hand,
    st.none() | VLANS,
    st.none() | security(),
    st.none() | teaming(),
    st.none() | st.sampled_from([16, 80]),
    st.none() | st.just("renamed"),
    st.none() | st.sampled_from(["", "of the network team", " by hand \r\nof them"]),
)


def by_hand(pg: Json, hand: Hand) -> None:
    """The changes, each only to what it names; the mark in the description stays."""
    setting = oracle.port(pg)
    if hand.vlan is not None:
        setting["vlan"] = config_spec.vlan(hand.vlan, model.OF_THE_SWITCH["vlan"])
    if hand.security is not None:
        policy = setting["macManagementPolicy"]
        learning = {**policy["macLearningPolicy"], **hand.security.get("macLearning", {})}
        setting["macManagementPolicy"] = {
            **policy,
            **{key: value for key, value in hand.security.items() if key != "macLearning"},
            "inherited": False,
            "macLearningPolicy": {**learning, "inherited": False},
        }
    if hand.teaming is not None:
        _teaming_by_hand(setting["uplinkTeamingPolicy"], hand.teaming)
    if hand.ports is not None and pg["config"]["autoExpand"]:
        pg["config"]["numPorts"] = hand.ports
    if hand.name is not None:
        pg["name"] = hand.name
    if hand.words is not None:
        mark = marks.of_description(pg["config"]["description"])
        pg["config"]["description"] = hand.words
        if isinstance(mark, marks.Mark):
            pg["config"]["description"] = marks.with_mark(hand.words, mark)
    setting["by"] = "hand"
    model.resolved(setting)


def _teaming_by_hand(raw: Json, part: Json) -> None:
    raw["inherited"] = False
    if "policy" in part:
        raw["policy"] = {"inherited": False, "value": part["policy"]}
    if "notifySwitches" in part:
        raw["notifySwitches"] = {"inherited": False, "value": part["notifySwitches"]}
    if "activeUplinks" in part:
        raw["uplinkPortOrder"] = {
            "inherited": False,
            "activeUplinkPort": part["activeUplinks"],
            "standbyUplinkPort": part.get("standbyUplinks", []),
        }


class Case(NamedTuple):
    """A port group of ours, its first spec, changes by hand, an edit, and who uses it then."""

    before: Hand
    first: Json
    hand: Hand
    second: Json
    use: situation.Use
    change: str
    drift: str
    overwrites: bool


CASES = st.builds(
    Case,
    HANDS,
    specs(),
    HANDS,
    specs(),
    st.sampled_from(
        [
            model.UNUSED,
            model.USED,
            situation.Use(ports=None, machines=0),
            situation.Use(ports=0, machines=None),
        ]
    ),
    st.sampled_from(["WhenUnused", "WhenUnused", "Always"]),
    st.sampled_from(["Repair", "Repair", "Report"]),
    BOOLS,
)


def scene(
    group: port_group.PortGroup, vcenter: model.VCenterModel, use: situation.Use
) -> situation.Situation:
    return situation.Situation(
        group=group,
        management_id=model.US,
        vcenter=model.VCENTER,
        switch=model.SWITCH,
        observed=vcenter.look(),
        use=use,
    )


def settle(
    group: port_group.PortGroup, vcenter: model.VCenterModel, use: situation.Use
) -> tuple[port_group.PortGroup, situation.Plan]:
    """Plan and act until nothing is left to do."""
    for _ in range(6):
        result = plan.plan(scene(group, vcenter, use))
        for action in result.actions:
            vcenter.carry_out(action)
        group = model.recorded_after(group, result, vcenter.look())
        if not result.actions:
            return group, result
    raise AssertionError(f"the plan does not settle: {result.actions}")


def with_spec(group: port_group.PortGroup, spec: Json) -> port_group.PortGroup:
    return structs.replace(group, spec=model.group(spec).spec)


def check_life(case: Case) -> None:
    """Made as stated; then changed by hand, edited and planned again."""
    pg = model.marked(model.plain(), model.mark_of())
    by_hand(pg, case.before)
    vcenter = model.VCenterModel(pg, overwrites=case.overwrites)
    kept = oracle.untouched(pg, case.first)
    group, result = settle(model.group(case.first, status=model.recorded()), vcenter, model.UNUSED)
    assert oracle.unmet(pg, case.first) == []
    assert oracle.untouched(pg, case.first) == kept
    assert (result.waiting, result.reported, result.stuck, pg["name"]) == ((), (), (), "edge")
    in_force = oracle.disturbing(pg)
    by_hand(pg, case.hand)
    after_hand, kept = oracle.disturbing(pg), oracle.untouched(pg, case.second)
    policies = {"changePolicy": case.change, "driftPolicy": case.drift}
    group, result = settle(with_spec(group, {**case.second, **policies}), vcenter, case.use)
    assert oracle.untouched(pg, case.second) == kept
    check_second(case, pg, result, in_force, after_hand)
    writes = vcenter.writes
    assert settle(group, vcenter, case.use)[1].actions == ()
    assert vcenter.writes == writes
    if result.waiting:
        settle(group, vcenter, model.UNUSED)
        assert case.drift == "Report" or oracle.unmet(pg, case.second) == []


def check_second(
    case: Case, pg: Json, result: situation.Plan, in_force: Json, after_hand: Json
) -> None:
    """Everything stated is in force, or it is said why not; users feel no edit."""
    left = [*result.waiting, *result.reported, *(entry.difference for entry in result.stuck)]
    unmet = oracle.unmet(pg, case.second)
    assert bool(unmet) <= bool(left)
    if case.use == model.UNUSED and case.drift == "Repair":
        assert (unmet, left) == ([], [])
    if case.use != model.UNUSED and case.change == "WhenUnused":
        now = oracle.disturbing(pg)
        felt = {key for key in now if now[key] not in (in_force[key], after_hand[key])}
        assert felt == set(), "an edit took effect under its users"
    if case.drift == "Repair" and case.change == "WhenUnused" and not unmet:
        assert pg["name"] == "edge"


@EXAMPLES
@given(CASES)
def test_every_life(case: Case) -> None:
    check_life(case)


MARKED = st.sampled_from(["none", "ours", "foreign", "neighbour", "half", "disagree", "broken"])
OWNERS = st.sampled_from(["", "uplink", "nsx", "vpc"])


class Stranger(NamedTuple):
    """A port group that the object comes upon."""

    hand: Hand
    mark: str
    owner: str
    spec: Json
    policy: str
    use: situation.Use


STRANGERS = st.builds(
    Stranger,
    HANDS,
    MARKED,
    OWNERS,
    specs(),
    st.sampled_from(["Never", "IfUnowned", "IfIdentical"]),
    st.sampled_from([model.UNUSED, model.USED, situation.Use(ports=0, machines=None)]),
)
OWNED: dict[str, Json] = {
    "": {},
    "uplink": {"uplink": True},
    "nsx": {"backingType": "nsx"},
    "vpc": {"subnetId": "s"},
}


def strange(stranger: Stranger) -> Json:
    pg = model.plain(**OWNED[stranger.owner])
    by_hand(pg, stranger.hand)
    ours, theirs = model.mark_of(), model.mark_of(management_id=model.THEM)
    match stranger.mark:
        case "ours":
            model.marked(pg, ours)
        case "half":
            model.marked(pg, ours, value=False)
        case "foreign":
            model.marked(pg, theirs)
        case "neighbour":
            model.marked(pg, model.mark_of("other"))
        case "disagree":
            model.marked(model.marked(pg, theirs), ours, description=False)
        case "broken":
            pg["customValue"] = [{"key": model.FIELD, "value": "akoo/1 id=m-1"}]
    return pg


def check_stranger(stranger: Stranger) -> None:
    """Nothing of others changes; an unmarked one only as the policy says, and only if unused."""
    pg = strange(stranger)
    before = copy.deepcopy(pg)
    vcenter = model.VCenterModel(pg)
    group = model.group({**stranger.spec, "adoptionPolicy": stranger.policy})
    try:
        settle(group, vcenter, stranger.use)
    except refusal.Refusal:
        assert pg == before
        return
    assert stranger.owner == ""
    assert stranger.mark in ("none", "ours", "half")
    if stranger.mark == "none":
        assert stranger.policy != "Never"
        changed = oracle.unmet(before, stranger.spec) or before["name"] != pg["name"]
        assert not changed or (stranger.policy, stranger.use) == ("IfUnowned", model.UNUSED)
        assert oracle.untouched(pg, stranger.spec) == oracle.untouched(before, stranger.spec)


@EXAMPLES
@given(STRANGERS)
def test_every_stranger(stranger: Stranger) -> None:
    check_stranger(stranger)


def as_sets(real: Callable[..., bool], field: str, value: Any, seen: Any, have: Any) -> bool:
    if field == settings.UPLINKS and field in have:
        return all(set(value[key]) == set(have[field][key]) for key in value)
    return real(field, value, seen, have)


def elastic_counted(config: Json) -> Json:
    allocation = "Elastic" if config.get("autoExpand") else "Fixed"
    return {settings.PORTS: {"allocation": allocation, "numPorts": config.get("numPorts")}}


def vlan_merged(real: Callable[..., Json], wanted: Json, current: Any) -> Json:
    return {**real(wanted, current), **{k: v for k, v in (current or {}).items() if k == "vlanId"}}


def unset_means_default(real: Callable[..., Json], stated: settings.Settings) -> Json:
    return {settings.VLAN: {"inherited": True}, **real(stated)}


def made_local(real: Callable[..., Json], current: Json, changes: Json) -> Json:
    port = real(current, changes)
    if isinstance(port.get("vlan"), dict):
        port["vlan"]["inherited"] = False
    return port


def in_force_at_once(desired: Json, in_force: Json, seen: Any) -> Json:
    return dict(desired)


def restores_the_edit(now: Any, difference: Any, changes: Json, why: list[str]) -> None:
    if difference.drifted:
        changes[difference.field] = difference.want


def half_teaming(real: Callable[..., Json], current: Any, changes: Json) -> Json:
    policy = real(None, changes)
    return {**copy.deepcopy(model.OF_THE_SWITCH["uplinkTeamingPolicy"]), **policy}


def check_restored(case: Case) -> None:
    """A waiting edit leaves in force what was, whatever was done by hand meanwhile."""
    pg = model.marked(model.plain(), model.mark_of())
    vcenter = model.VCenterModel(pg)
    first = {"vlan": {"id": 7}, "teaming": {"activeUplinks": ["uplink1"]}}
    second = {"vlan": {"id": 8}, "teaming": {"activeUplinks": ["lag1"]}}
    group, _ = settle(model.group(first, status=model.recorded()), vcenter, model.UNUSED)
    by_hand(pg, case.hand)
    settle(with_spec(group, second), vcenter, model.USED)
    met = oracle.unmet(pg, first)
    if oracle.unmet(pg, {"vlan": second["vlan"]}):
        assert "vlan" not in met
    if oracle.unmet(pg, {"teaming": second["teaming"]}):
        assert "activeUplinks" not in met


@EXAMPLES
@given(CASES)
def test_a_waiting_edit_leaves_what_was_in_force(case: Case) -> None:
    check_restored(case)


def check_ports(case: Case) -> None:
    """The number of ports is never below that of the connected ones, and never lowered blindly."""
    pg = model.marked(model.plain(autoExpand=False, numPorts=64), model.mark_of())
    vcenter = model.VCenterModel(pg)
    settle(with_spec(model.group(status=model.recorded()), case.second), vcenter, case.use)
    if case.use.lowest is None:
        assert pg["config"]["numPorts"] >= 64
    else:
        assert pg["config"]["numPorts"] >= case.use.lowest


@EXAMPLES
@given(CASES)
def test_ports_of_users_stay(case: Case) -> None:
    check_ports(case)


class Bug(NamedTuple):
    """A bug, and the check that must find it."""

    check: Callable[[Any], None]
    cases: st.SearchStrategy[Any]
    owner: object
    name: str
    wrong: Any


LIFE = functools.partial(Bug, check_life, CASES)
STRANGE = functools.partial(Bug, check_stranger, STRANGERS)
RESTORED = functools.partial(Bug, check_restored, CASES)
PORTS = functools.partial(Bug, check_ports, CASES)

BUGS: dict[str, Bug] = {
    "the order of uplinks does not count": LIFE(differences, "same", as_sets),
    "ports of an elastic one are compared": LIFE(observed, "_ports", elastic_counted),
    "a VLAN keeps parts of the kind before": LIFE(config_spec, "vlan", vlan_merged),
    "unset means inherited": LIFE(settings, "leaves", unset_means_default),
    "an inherited VLAN becomes local": LIFE(config_spec, "_port_setting", made_local),
    "teaming resets its other parts": LIFE(config_spec, "_teaming", half_teaming),
    "edits do not wait": LIFE(plan, "_waits", lambda *_: False),
    "unreadable use counts as none": LIFE(
        situation.Use, "none", property(lambda use: not use.ports and not use.machines)
    ),
    "a waiting edit counts as in force": LIFE(differences, "in_force_now", in_force_at_once),
    "a repair writes the waiting edit": LIFE(plan, "_restore", restores_the_edit),
    "drift under a waiting edit stays": RESTORED(plan, "_restore", lambda *_: None),
    "people's words in the description go": LIFE(marks, "without", lambda _: ""),
    "uplinks, NSX and VPC are touched": STRANGE(guards, "check_touchable", lambda *_: None),
    "marks of others do not count": STRANGE(ownership, "_is_ours", lambda us, mark: True),
    "a mark of another object counts": STRANGE(
        ownership, "_is_ours", lambda us, mark: mark.management_id == us.management_id
    ),
    "adoption changes whatever it likes": STRANGE(adoption, "_check", lambda *_: None),
    "ports are lowered below the connected": PORTS(writing, "_fewer", lambda _: False),
}


def falsified(check: Callable[[Any], None], cases: st.SearchStrategy[Any]) -> bool:
    """True if a counterexample is found; nothing is shrunk."""
    quiet = hypothesis.settings(
        max_examples=300,
        phases=[hypothesis.Phase.generate],
        report_multiple_bugs=False,
        verbosity=hypothesis.Verbosity.quiet,
        suppress_health_check=list(hypothesis.HealthCheck),
    )

    @quiet
    @given(cases)
    def attempt(case: Any) -> None:
        check(case)

    try:
        attempt()
    except AssertionError:
        return True
    return False


@pytest.mark.parametrize("name", BUGS)
def test_planted_bugs_are_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug = BUGS[name]
    real = getattr(bug.owner, bug.name)
    wraps = "real" in getattr(bug.wrong, "__annotations__", {})
    wrong = functools.partial(bug.wrong, real) if wraps else bug.wrong
    monkeypatch.setattr(bug.owner, bug.name, wrong)
    assert falsified(bug.check, bug.cases)
