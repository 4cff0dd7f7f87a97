"""The plan of a port group by examples: what is made, changed, repaired, adopted and left alone."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from akoo_vsphere import marks, observed, plan, situation
from akoo_vsphere.spec import port_group, refusal

from akoo_core.plugin import structs
from tests.vsphere import vsphere_model as model

Json = dict[str, Any]


def scene(
    group: port_group.PortGroup,
    pg: Json | None,
    use: situation.Use = model.UNUSED,
    **changes: Any,
) -> situation.Situation:
    whole = situation.Situation(
        group=group,
        management_id=model.US,
        vcenter=model.VCENTER,
        switch=model.SWITCH,
        observed=None if pg is None else model.read(pg),
        use=use,
    )
    return structs.replace(whole, **changes)


def settle(
    group: port_group.PortGroup, vcenter: model.VCenterModel, use: situation.Use = model.UNUSED
) -> tuple[port_group.PortGroup, situation.Plan]:
    """Plan and act until nothing is left to do. Returns the object and the last plan."""
    for _ in range(6):
        now = scene(group, vcenter.pg, use)
        result = plan.plan(now)
        for action in result.actions:
            vcenter.carry_out(action)
        group = model.recorded_after(group, result, vcenter.look())
        if not result.actions:
            return group, result
    raise AssertionError(f"the plan does not settle: {result.actions}")


def edited(group: port_group.PortGroup, **spec: Any) -> port_group.PortGroup:
    """The object with another spec and the same status."""
    plain = structs.to_object(group.spec) | spec
    other = model.group({key: value for key, value in plain.items() if value is not None})
    return structs.replace(group, spec=other.spec)


def refused(now: situation.Situation) -> tuple[str, str]:
    with pytest.raises(refusal.Refusal) as caught:
        plan.plan(now)
    return caught.value.reason, str(caught.value)


def test_a_new_port_group() -> None:
    vcenter = model.VCenterModel()
    group = model.group({"vlan": {"id": 112}, "description": "Avi data network"})
    first = plan.plan(scene(group, None))
    assert first.actions == (situation.Announce(why=("it does not exist",)),)
    group, last = settle(group, vcenter)
    assert vcenter.pg is not None
    assert last.actions == ()
    assert group.status.provenance == "Created"
    config = vcenter.pg["config"]
    assert config["defaultPortConfig"]["vlan"] == {
        "_typeName": observed.VLAN_ID,
        "inherited": False,
        "vlanId": 112,
    }
    mark = model.mark_of()
    assert config["description"] == f"Avi data network\n{marks.text(mark)}"
    assert vcenter.pg["customValue"] == [{"key": model.FIELD, "value": marks.text(mark)}]


def test_the_mark_is_in_the_create_itself() -> None:
    status = {"pendingCreate": {"nonce": "n7", "startedAt": "2026-01-01T00:00:00Z"}}
    (action,) = plan.plan(scene(model.group(status=status), None)).actions
    assert isinstance(action, situation.Create)
    mark = marks.of_description(action.description)
    assert isinstance(mark, marks.Mark)
    assert (mark.nonce, mark.provenance) == ("n7", "Created")


def test_a_new_one_leaves_to_the_switch_whatever_is_not_stated() -> None:
    vcenter = model.VCenterModel()
    settle(model.group(), vcenter)
    assert vcenter.pg is not None
    assert vcenter.pg["config"]["defaultPortConfig"] == model.OF_THE_SWITCH
    assert vcenter.pg["config"]["type"] == "earlyBinding"
    assert vcenter.pg["config"]["autoExpand"] is True


def test_a_lost_answer_makes_no_second_port_group() -> None:
    vcenter = model.VCenterModel()
    group = model.group({"vlan": {"id": 112}})
    result = plan.plan(scene(group, None))
    group = model.recorded_after(group, result, None)
    vcenter.carry_out(plan.plan(scene(group, None)).actions[0])
    # Nothing of the create was stored; the port group carries the nonce that was.
    group, last = settle(group, vcenter)
    assert last.actions == ()
    assert group.status.provenance == "Created"


def test_removed_by_hand_is_made_again() -> None:
    vcenter = model.VCenterModel()
    group, _ = settle(model.group({"vlan": {"id": 112}}), vcenter)
    vcenter.pg = None
    result = plan.plan(scene(group, None))
    assert result.actions == (situation.Announce(why=("somebody removed it",)),)
    settle(group, vcenter)
    assert vcenter.pg is not None


def test_an_adopted_one_that_is_gone_is_not_made_again() -> None:
    status = model.recorded(provenance="Adopted")
    assert refused(scene(model.group(status=status), None))[0] == "PortGroupVanished"


ID = {"_typeName": observed.VLAN_ID, "inherited": False, "vlanId": 7}
TRUNK = {
    "_typeName": observed.VLAN_TRUNK,
    "inherited": False,
    "vlanId": [{"start": 1, "end": 5}, {"start": 9, "end": 9}],
}
PRIVATE = {"_typeName": observed.VLAN_PRIVATE, "inherited": False, "pvlanId": 302}
INHERITED = model.OF_THE_SWITCH["vlan"]
KINDS: dict[str, tuple[Json, Json]] = {
    "id": ({"id": 7}, ID),
    "trunk": ({"trunk": [{"start": 9, "end": 9}, {"start": 1, "end": 5}]}, TRUNK),
    "private": ({"pvlanSecondaryID": 302}, PRIVATE),
    "inherited": ({"inherited": True}, INHERITED),
}


@pytest.mark.parametrize("overwrites", [False, True])
@pytest.mark.parametrize(("before", "after"), [*itertools.product(KINDS, KINDS)])
def test_each_kind_of_vlan_becomes_each_other(before: str, after: str, overwrites: bool) -> None:
    pg = model.marked(model.with_port(model.plain(), vlan=KINDS[before][1]), model.mark_of())
    vcenter = model.VCenterModel(pg, overwrites=overwrites)
    group = model.group({"vlan": KINDS[before][0]}, status=model.recorded())
    group, result = settle(group, vcenter)
    assert (vcenter.writes, result.actions) == (0, ())
    _, result = settle(edited(group, vlan=KINDS[after][0]), vcenter)
    assert vcenter.writes == (before != after)
    port = pg["config"]["defaultPortConfig"]
    stored = dict(port["vlan"])
    if after == "trunk":
        stored["vlanId"] = [
            {key: span[key] for key in ("start", "end")} for span in stored["vlanId"]
        ]
    assert stored == KINDS[after][1]
    assert {key: value for key, value in port.items() if key not in ("vlan", "_typeName")} == {
        key: value for key, value in model.OF_THE_SWITCH.items() if key != "vlan"
    }


@pytest.mark.parametrize("before", KINDS)
def test_a_vlan_that_is_not_stated_stays(before: str) -> None:
    pg = model.marked(model.with_port(model.plain(), vlan=KINDS[before][1]), model.mark_of())
    vcenter = model.VCenterModel(pg)
    spec = {"teaming": {"policy": "failover_explicit"}}
    settle(model.group(spec, status=model.recorded()), vcenter)
    assert vcenter.writes == 1
    assert pg["config"]["defaultPortConfig"]["vlan"] == KINDS[before][1]


def test_a_trunk_in_other_words_is_the_same() -> None:
    split = {**TRUNK, "vlanId": [{"start": 4, "end": 5}, {"start": 1, "end": 3}]}
    pg = model.marked(model.with_port(model.plain(), vlan=split), model.mark_of())
    spec = {"vlan": {"trunk": [{"start": 1, "end": 5}]}}
    assert plan.plan(scene(model.group(spec, status=model.recorded()), pg)).actions == ()


def test_an_inherited_value_that_is_as_stated_stays_inherited() -> None:
    pg = model.marked(model.plain(), model.mark_of())
    spec = {
        "vlan": {"id": 0},
        "macManagementPolicy": {
            "allowPromiscuous": False,
            "forgedTransmits": False,
            "macChanges": False,
            "macLearning": {"enabled": False},
        },
        "teaming": {"activeUplinks": ["uplink1", "uplink2"], "failback": True},
    }
    assert plan.plan(scene(model.group(spec, status=model.recorded()), pg)).actions == ()


def test_one_part_of_teaming_leaves_the_others_inherited() -> None:
    pg = model.marked(model.plain(), model.mark_of())
    settle(
        model.group({"teaming": {"notifySwitches": False}}, status=model.recorded()),
        model.VCenterModel(pg),
    )
    teaming = pg["config"]["defaultPortConfig"]["uplinkTeamingPolicy"]
    assert teaming["notifySwitches"] == {
        "_typeName": "BoolPolicy",
        "inherited": False,
        "value": False,
    }
    for part in ("policy", "rollingOrder", "failureCriteria", "uplinkPortOrder"):
        assert teaming[part] == model.OF_THE_SWITCH["uplinkTeamingPolicy"][part]


def test_security_becomes_local_as_a_whole_and_keeps_mac_learning() -> None:
    learning = {"inherited": False, "enabled": True, "limit": 7, "limitPolicy": "DROP"}
    policy = {**model.OF_THE_SWITCH["macManagementPolicy"], "macLearningPolicy": learning}
    pg = model.with_port(
        model.plain(),
        macManagementPolicy={**policy, "inherited": False},
        securityPolicy={"inherited": False, "forgedTransmits": {"value": False}},
    )
    model.marked(pg, model.mark_of())
    spec = {
        "macManagementPolicy": {
            "allowPromiscuous": False,
            "forgedTransmits": True,
            "macChanges": False,
        }
    }
    now = scene(model.group(spec, status=model.recorded()), pg)
    (action,) = plan.plan(now).actions
    assert isinstance(action, situation.Reconfigure)
    settle(model.group(spec, status=model.recorded()), model.VCenterModel(pg))
    after = pg["config"]["defaultPortConfig"]["macManagementPolicy"]
    assert after["forgedTransmits"] is True
    assert after["macLearningPolicy"] == learning


def test_the_order_of_uplinks_counts() -> None:
    pg = model.marked(model.plain(), model.mark_of())
    spec = {"teaming": {"activeUplinks": ["uplink2", "uplink1"]}}
    (action,) = plan.plan(scene(model.group(spec, status=model.recorded()), pg)).actions
    assert isinstance(action, situation.Reconfigure)
    assert action.changes == {"teaming.uplinks": {"active": ["uplink2", "uplink1"], "standby": []}}


def test_ports_of_an_elastic_port_group_are_not_compared() -> None:
    pg = model.marked(model.plain(numPorts=40), model.mark_of())
    spec = {"portAllocation": "Elastic", "vlan": {"id": 7}}
    vcenter = model.VCenterModel(pg, overwrites=True)
    group, _ = settle(model.group(spec, status=model.recorded()), vcenter)
    assert pg["config"]["numPorts"] == 40
    pg["config"]["numPorts"] = 80
    assert plan.plan(scene(group, pg)).actions == ()


@pytest.mark.parametrize(
    ("use", "stuck"),
    [
        (model.UNUSED, False),
        (model.USED, True),
        (situation.Use(ports=None, machines=0), True),
        (situation.Use(ports=2, machines=0), False),
    ],
)
def test_ports_are_never_lowered_below_the_connected(use: situation.Use, stuck: bool) -> None:
    pg = model.marked(model.plain(autoExpand=False, numPorts=16), model.mark_of())
    spec = {"portAllocation": "Fixed", "numPorts": 2}
    now = scene(model.group(spec, status=model.recorded()), pg, use)
    result = plan.plan(now)
    assert bool(result.stuck) is stuck
    assert bool(result.actions) is not stuck
    if stuck:
        reason, message = plan.in_sync(result, now)
        assert reason == "Unchangeable"
        assert "spec.numPorts: " in message


def test_binding_never_changes() -> None:
    pg = model.marked(model.plain(), model.mark_of())
    result = plan.plan(
        scene(model.group({"portBinding": "Ephemeral"}, status=model.recorded()), pg)
    )
    assert result.actions == ()
    assert "portBinding: want Ephemeral, have Static" in result.stuck[0].message


WAITING: dict[str, Json] = {
    "vlan": {"vlan": {"id": 7}},
    "uplinks": {"teaming": {"activeUplinks": ["lag1"]}},
    "teaming": {"teaming": {"policy": "loadbalance_ip"}},
    "security": {
        "macManagementPolicy": {
            "allowPromiscuous": True,
            "forgedTransmits": False,
            "macChanges": False,
        }
    },
}


@pytest.mark.parametrize("field", WAITING)
@pytest.mark.parametrize(
    "use",
    [
        model.USED,
        situation.Use(ports=1, machines=0),
        situation.Use(ports=0, machines=1),
        situation.Use(ports=None, machines=0),
        situation.Use(ports=0, machines=None),
    ],
)
def test_a_disturbing_edit_waits_while_anything_is_connected(
    field: str, use: situation.Use
) -> None:
    pg = model.marked(model.plain(), model.mark_of())
    group = model.group(WAITING[field], status=model.recorded())
    now = scene(group, pg, use)
    result = plan.plan(now)
    assert result.actions == ()
    reason, message = plan.in_sync(result, now)
    assert reason == "WaitingUntilUnused"
    assert str(result.waiting[0]) in message
    assert plan.plan(scene(group, pg)).actions != ()
    always = edited(group, changePolicy="Always")
    assert plan.plan(scene(always, pg, use)).actions != ()


@pytest.mark.parametrize("spec", [{"description": "new"}, {"portAllocation": "Elastic"}])
def test_an_edit_that_nobody_feels_does_not_wait(spec: Json) -> None:
    pg = model.marked(model.plain(autoExpand=False), model.mark_of())
    group = model.group(spec, status=model.recorded())
    assert plan.plan(scene(group, pg, model.USED)).waiting == ()
    assert plan.plan(scene(group, pg, model.USED)).actions != ()


def drifted(**spec: Any) -> tuple[port_group.PortGroup, Json]:
    """A port group that had VLAN 112 in force, and has 999 by somebody's hand."""
    vcenter = model.VCenterModel()
    group, _ = settle(model.group({"vlan": {"id": 112}, **spec}), vcenter)
    assert vcenter.pg is not None
    model.with_port(vcenter.pg, vlan={**ID, "vlanId": 999})
    return group, vcenter.pg


def test_drift_is_repaired_in_use() -> None:
    group, pg = drifted()
    result = plan.plan(scene(group, pg, model.USED))
    assert plan.pending(result.actions) == "vlan: want VLAN 112, have VLAN 999 (changed in vCenter)"
    settle(group, model.VCenterModel(pg), model.USED)
    assert pg["config"]["defaultPortConfig"]["vlan"]["vlanId"] == 112


def test_drift_is_reported_only() -> None:
    group, pg = drifted(driftPolicy="Report")
    now = scene(group, pg)
    result = plan.plan(now)
    assert result.actions == ()
    assert plan.in_sync(result, now)[0] == "Drifted"


def test_drift_under_a_waiting_edit_goes_back_to_what_was_in_force() -> None:
    group, pg = drifted()
    group = edited(group, vlan={"id": 7})
    vcenter = model.VCenterModel(pg)
    group, result = settle(group, vcenter, model.USED)
    assert pg["config"]["defaultPortConfig"]["vlan"]["vlanId"] == 112
    assert [difference.want for difference in result.waiting] == [{"id": 7}]
    settle(group, vcenter)
    assert pg["config"]["defaultPortConfig"]["vlan"]["vlanId"] == 7


def test_a_field_that_is_not_stated_any_more_is_not_restored() -> None:
    group, pg = drifted()
    result = plan.plan(scene(edited(group, vlan=None), pg))
    assert (result.actions, "vlan" in result.in_force) == ((), False)


def test_a_name_that_somebody_changed_is_restored() -> None:
    vcenter = model.VCenterModel()
    group, _ = settle(model.group(), vcenter)
    assert vcenter.pg is not None
    vcenter.pg["name"] = "renamed"  # the configuration keeps the old one on some servers
    (action,) = plan.plan(scene(group, vcenter.pg, model.USED)).actions
    assert isinstance(action, situation.Rename)
    assert action.name == "edge"


def test_mtu_is_only_checked() -> None:
    pg = model.marked(model.plain(), model.mark_of())
    good = model.group({"minimumMTU": 9000}, status=model.recorded())
    assert plan.plan(scene(good, pg)).actions == ()
    bad = model.group({"minimumMTU": 9001}, status=model.recorded())
    reason, message = refused(scene(bad, pg))
    assert reason == "SwitchUnsuitable"
    assert message == (
        'spec.minimumMTU: MTU of switch "dvs-edge" is 9000, less than 9001. Raise it on the '
        "switch, which is its only place, or lower minimumMTU."
    )


def test_an_unknown_uplink_names_those_of_the_switch() -> None:
    spec = {"teaming": {"activeUplinks": ["uplink1"], "standbyUplinks": ["Uplink 2"]}}
    reason, message = refused(scene(model.group(spec), None))
    assert reason == "SwitchUnsuitable"
    assert message == (
        'spec.teaming.standbyUplinks[0]: "Uplink 2" is not an uplink of switch "dvs-edge". Its '
        'uplinks: uplink1, uplink2, uplink3, lag1. Did you mean "uplink2"?'
    )


def test_a_private_vlan_that_the_switch_does_not_have() -> None:
    reason, message = refused(scene(model.group({"vlan": {"pvlanSecondaryID": 7}}), None))
    assert reason == "SwitchUnsuitable"
    assert "Its secondary ids: 301, 302." in message


SECURITY = WAITING["security"]


@pytest.mark.parametrize("version", ["6.5", "5.5.0.1", "", "dev"])
def test_a_field_that_the_api_version_drops_is_refused(version: str) -> None:
    old = structs.replace(model.VCENTER, api_version=version)
    reason, message = refused(scene(model.group(SECURITY), None, vcenter=old))
    assert reason == "VersionTooOld"
    assert "spec.macManagementPolicy" in message
    assert plan.plan(scene(model.group(), None, vcenter=old)).actions


def test_a_switch_that_does_not_learn() -> None:
    spec = {"macManagementPolicy": {**SECURITY["macManagementPolicy"]}}
    spec["macManagementPolicy"]["macLearning"] = {"enabled": True}
    old = structs.replace(model.SWITCH, version="6.5.0")
    assert refused(scene(model.group(spec), None, switch=old))[0] == "SwitchUnsuitable"


def test_the_switch_of_an_extension() -> None:
    owned = structs.replace(model.SWITCH, extension="com.vmware.nsx")
    reason, message = refused(scene(model.group(), None, switch=owned))
    assert (reason, "com.vmware.nsx" in message) == ("SwitchUnsuitable", True)


UNTOUCHABLE: dict[str, tuple[Json, str]] = {
    "uplink flag": (model.plain(uplink=True), "UplinkPortGroup"),
    "uplink tag": ({**model.plain(), "tag": [{"key": observed.UPLINK_TAG}]}, "UplinkPortGroup"),
    "uplink name": (model.plain("dvs-edge-DVUplinks-8"), "UplinkPortGroup"),
    "nsx backing": (model.plain(backingType="nsx"), "NSXManaged"),
    "nsx segment": (model.plain(segmentId="s"), "NSXManaged"),
    "nsx switch": (model.plain(logicalSwitchUuid="s"), "NSXManaged"),
    "nsx name": (model.plain("NSX-edge"), "NSXManaged"),
    "vpc subnet": (model.plain(subnetId="s"), "NSXManaged"),
    "vpc": (model.plain(nsxConfig={"vpc": "x"}), "NSXManaged"),
}


@pytest.mark.parametrize("kind", UNTOUCHABLE)
@pytest.mark.parametrize("policy", ["Never", "IfUnowned", "IfIdentical"])
@pytest.mark.parametrize("owned", [False, True])
def test_some_are_never_touched(kind: str, policy: str, owned: bool) -> None:
    pg, reason = UNTOUCHABLE[kind]
    if owned:
        pg = model.marked(structs.decode_json(structs.encode_json(pg)), model.mark_of())
    spec = {"adoptionPolicy": policy, "vlan": {"id": 7}}
    status = model.recorded() if owned else None
    assert refused(scene(model.group(spec, status=status), pg))[0] == reason


def test_the_uplink_port_group_that_only_the_switch_names() -> None:
    seen = observed.read(model.plain(), {}, uplinks={"dvportgroup-12"})
    now = scene(model.group({"adoptionPolicy": "IfUnowned"}), None, observed=seen)
    assert refused(now)[0] == "UplinkPortGroup"


@pytest.mark.parametrize(
    ("policy", "differs", "use", "outcome"),
    [
        ("Never", False, model.UNUSED, "NameConflict"),
        ("Never", True, model.UNUSED, "NameConflict"),
        ("IfIdentical", False, model.USED, "marked"),
        ("IfIdentical", True, model.UNUSED, "AdoptionWouldChange"),
        ("IfUnowned", False, model.USED, "marked"),
        ("IfUnowned", True, model.UNUSED, "changed"),
        ("IfUnowned", True, model.USED, "AdoptionWouldChange"),
        ("IfUnowned", True, situation.Use(ports=0, machines=None), "AdoptionWouldChange"),
    ],
)
def test_adoption(policy: str, differs: bool, use: situation.Use, outcome: str) -> None:
    pg = model.with_port(model.plain(description="of the network team"), vlan=ID)
    wanted = 8 if differs else 7
    group = model.group({"adoptionPolicy": policy, "vlan": {"id": wanted}})
    now = scene(group, pg, use)
    if outcome not in ("marked", "changed"):
        reason, message = refused(now)
        assert reason == outcome
        if outcome == "AdoptionWouldChange":
            assert "vlan: want VLAN 8, have VLAN 7" in message
        return
    before = structs.decode_json(structs.encode_json(pg))
    vcenter = model.VCenterModel(pg)
    group, result = settle(group, vcenter, use)
    assert (group.status.provenance, group.retains) == ("Adopted", True)
    assert result.actions == ()
    after = pg["config"]["defaultPortConfig"]
    after.pop("_typeName")
    assert after["vlan"]["vlanId"] == wanted
    if outcome == "marked":
        assert after == before["config"]["defaultPortConfig"]
        assert marks.without(pg["config"]["description"]) == "of the network team"


def test_adoption_by_moref_needs_no_difference_afterwards() -> None:
    pg = model.with_port(model.plain("Prod VIP"), vlan=ID)
    spec = {"adoptionPolicy": "IfIdentical", "existing": {"moRef": "dvportgroup-12"}}
    vcenter = model.VCenterModel(pg)
    _, result = settle(model.group(spec), vcenter)
    assert result.actions == ()
    assert pg["name"] == "Prod VIP"
    other = model.group({**spec, "existing": {"moRef": "dvportgroup-13"}})
    assert refused(scene(other, model.plain()))[0] == "NotAdopted"
    assert refused(scene(model.group(spec), None))[0] == "PortGroupNotFound"


def test_adoption_that_would_need_another_binding() -> None:
    pg = model.plain(type="ephemeral")
    spec = {"adoptionPolicy": "IfUnowned", "portBinding": "Static"}
    reason, message = refused(scene(model.group(spec), pg))
    assert reason == "AdoptionWouldChange"
    assert "portBinding: want Static, have Ephemeral" in message


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"vcenter": structs.replace(model.VCENTER, instance_uuid="new")}, {}, "VCenterReplaced"),
        ({"switch": structs.replace(model.SWITCH, uuid="new")}, {}, "SwitchReplaced"),
        ({"switch": structs.replace(model.SWITCH, mo_ref="dvs-9")}, {}, "SwitchReplaced"),
    ],
)
def test_nothing_is_written_elsewhere(changes: Json, status: Json, reason: str) -> None:
    pg = model.marked(model.plain(), model.mark_of())
    group = model.group({"vlan": {"id": 7}}, status=model.recorded(**status))
    assert refused(scene(group, pg, **changes))[0] == reason


def test_another_vcenter_that_a_person_accepts() -> None:
    pg = model.marked(model.plain(), model.mark_of())
    new = structs.replace(model.VCENTER, instance_uuid="new", accepted="new")
    group = model.group({"vlan": {"id": 7}}, status=model.recorded("dvportgroup-99"))
    assert plan.plan(scene(group, pg, vcenter=new)).actions


@pytest.mark.parametrize("place", ["description", "value"])
def test_half_a_mark_is_healed_without_touching_the_rest(place: str) -> None:
    pg = model.marked(
        model.plain(description="mine"),
        model.mark_of(),
        description=place != "description",
        value=place != "value",
    )
    vcenter = model.VCenterModel(pg)
    _, result = settle(model.group(status=model.recorded()), vcenter, model.USED)
    assert (vcenter.writes, result.actions) == (1, ())
    assert marks.without(pg["config"]["description"]) == "mine"
    port = pg["config"]["defaultPortConfig"]
    port.pop("_typeName", None)
    assert port == model.OF_THE_SWITCH


def test_a_foreign_port_group_is_left_alone() -> None:
    pg = model.marked(model.plain(), model.mark_of(management_id=model.THEM))
    spec = {"adoptionPolicy": "IfUnowned", "vlan": {"id": 7}}
    reason, message = refused(scene(model.group(spec), pg))
    assert reason == "ForeignOwner"
    assert f"akoo.io/adopt: {model.THEM}" in message


def test_a_handover_writes_the_next_epoch() -> None:
    pg = model.marked(model.plain(), model.mark_of(management_id=model.THEM, epoch=4))
    annotations = {"akoo.io/adopt": model.THEM}
    group, _ = settle(model.group(annotations=annotations), model.VCenterModel(pg))
    mark = marks.of_description(pg["config"]["description"])
    assert isinstance(mark, marks.Mark)
    assert (mark.management_id, mark.epoch, mark.provenance) == (model.US, 5, "Created")
    assert group.status.epoch == 5
