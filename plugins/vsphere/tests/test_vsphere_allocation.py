"""The choice of VLAN and subnet, against an oracle that counts by hand."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from akoo_vsphere import allocation
from akoo_vsphere.allocation import Taken, VlanUser
from akoo_vsphere.spec import config, port_group, refusal, template
from akoo_vsphere.spec.config import Options
from akoo_vsphere.spec.template import Template
from hypothesis import given
from hypothesis import strategies as st

from akoo_core.plugin import structs

Json = dict[str, Any]
EMPTY = Taken(vlans={}, subnets={})


def plain(**changes: Any) -> Json:
    return {
        "per": "Cluster",
        "connection": "vc",
        "datacenter": "DC0",
        "distributedSwitch": {"name": "DVS0"},
        "vlan": {"pool": [{"start": 100, "end": 103}]},
        "avi": {
            "controller": "avi",
            "cloud": "vcenter",
            "subnet": {"pool": "10.70.0.0/24", "prefixLength": 26},
        },
    } | changes


def of(**changes: Any) -> Template:
    return structs.convert(plain(**changes), Template)


def declared(spec: port_group.Spec, name: str) -> tuple[str, port_group.Spec, str]:
    return (name, spec, f"dvportgroup-{name}")


def test_the_first_choice_is_the_lowest() -> None:
    spec = allocation.port_group(of(), EMPTY)
    assert spec.vlan is not None
    assert spec.vlan.id == 100
    assert spec.avi is not None
    assert spec.avi.subnet is not None
    assert spec.avi.subnet.cidr == "10.70.0.0/26"
    assert spec.avi.subnet.ranges == (port_group.AviRange(begin="10.70.0.2", end="10.70.0.62"),)


def test_a_foreign_port_group_takes_its_vlan_and_a_trunk_takes_none() -> None:
    seen = [VlanUser(mo_ref="dvportgroup-9", name="theirs", vlan=100)]
    spec = allocation.port_group(of(), allocation.taken((), seen))
    assert spec.vlan is not None
    assert spec.vlan.id == 101


def test_the_port_group_of_an_object_is_not_counted_twice() -> None:
    first = allocation.port_group(of(), EMPTY)
    seen = [VlanUser(mo_ref="dvportgroup-a", name="ours", vlan=103)]
    in_use = allocation.taken([declared(first, "a")], seen)
    assert dict(in_use.vlans) == {100: "VSpherePortGroup a"}


@pytest.mark.parametrize(
    ("changes", "reason", "names"),
    [
        ({}, "VlanPoolUsedUp", "100 is that of VSpherePortGroup 0"),
        ({"vlan": {"pool": [{"start": 100, "end": 900}]}}, "SubnetPoolUsedUp", "10.70.0.0/26"),
    ],
)
def test_a_pool_that_is_used_up_names_its_holders(changes: Json, reason: str, names: str) -> None:
    made: list[tuple[str, port_group.Spec, str]] = []
    for number in range(4):
        spec = allocation.port_group(of(**changes), allocation.taken(made, ()))
        made.append(declared(spec, str(number)))
    with pytest.raises(refusal.Refusal) as refused:
        allocation.port_group(of(**changes), allocation.taken(made, ()))
    assert refused.value.reason == reason
    assert names in str(refused.value)


def test_many_holders_are_counted() -> None:
    pool = {"pool": [{"start": 1, "end": 20}]}
    seen = [VlanUser(mo_ref=f"dvportgroup-{n}", name=f"g{n}", vlan=n) for n in range(1, 21)]
    with pytest.raises(refusal.Refusal, match="and 15 more"):
        allocation.port_group(of(vlan=pool), allocation.taken((), seen))


def test_an_overlap_with_another_management_cluster_is_refused() -> None:
    spec = allocation.port_group(of(), EMPTY)
    theirs = VlanUser(mo_ref="dvportgroup-7", name="theirs", vlan=100)
    refused = allocation.conflict(spec, "", [theirs])
    assert refused is not None
    assert refused.reason == "VlanInUse"
    assert "theirs" in str(refused)
    assert allocation.conflict(spec, "dvportgroup-7", [theirs]) is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"vlan": {}}, "vlan"),
        ({"vlan": {"id": 7}}, "vlan.id"),
        ({"vlan": {"id": 7, "pool": [{"start": 1, "end": 2}]}}, "vlan"),
        ({"vlan": {"pool": [{"start": 0, "end": 2}]}}, "vlan.pool"),
        ({"vlan": {"pool": [{"start": 9, "end": 4095}]}}, "4095"),
        ({"per": "Config", "vlan": {"id": 4095}}, "4095"),
        ({"distributedSwitch": {}}, "distributedSwitch"),
        ({"connection": ""}, "connection"),
        ({"datacenter": ""}, "datacenter"),
    ],
)
def test_a_template_that_cannot_be_names_the_field(changes: Json, field: str) -> None:
    with pytest.raises(refusal.Refusal, match=field):
        template.check(of(**changes))


@pytest.mark.parametrize(
    ("subnet", "field"),
    [
        ({}, "subnet"),
        ({"cidr": "10.0.0.0/24"}, "subnet.cidr"),
        ({"cidr": "10.0.0.0/24", "pool": "10.0.0.0/16"}, "subnet"),
        ({"pool": "10.0.0.1/16", "prefixLength": 24}, "subnet.pool"),
        ({"pool": "10.0.0.0/16"}, "subnet.prefixLength"),
        ({"pool": "10.0.0.0/16", "prefixLength": 15}, "subnet.prefixLength"),
        ({"pool": "10.0.0.0/16", "prefixLength": 31}, "subnet.prefixLength"),
        ({"pool": "10.0.0.0/8", "prefixLength": 24}, "more than 4096"),
        ({"pool": "10.0.0.0/16", "prefixLength": 24, "skipFirst": -1}, "skipFirst"),
    ],
)
def test_a_subnet_that_cannot_be_names_the_field(subnet: Json, field: str) -> None:
    avi = {"controller": "avi", "cloud": "c", "subnet": subnet}
    with pytest.raises(refusal.Refusal, match=field):
        template.check(of(avi=avi))


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "x"},
        {"vlan": {"id": 1, "Pool": []}},
        {"teaming": {"activUplinks": ["uplink1"]}},
        {"distributedSwitch": {"name": "a", "datacenter": "b"}},
    ],
)
def test_a_typing_error_is_refused(changes: Json) -> None:
    with pytest.raises(structs.DecodeError):
        of(**changes)


def test_one_for_the_whole_config_may_be_fixed() -> None:
    avi = {"controller": "avi", "cloud": "c", "subnet": {"cidr": "10.0.0.0/24", "skipFirst": 9}}
    fixed = of(per="Config", vlan={"id": 0}, avi=avi)
    template.check(fixed)
    spec = allocation.port_group(fixed, EMPTY)
    assert spec.avi is not None
    assert spec.avi.subnet is not None
    assert spec.avi.subnet.ranges == (port_group.AviRange(begin="10.0.0.10", end="10.0.0.254"),)


SPANS = st.lists(
    st.tuples(st.integers(1, 60), st.integers(0, 8)).map(lambda p: {"start": p[0], "end": sum(p)}),
    min_size=1,
    max_size=1,
)
LENGTHS = st.integers(25, 29)


@given(st.lists(st.tuples(SPANS, LENGTHS), min_size=1, max_size=12), st.sets(st.integers(1, 70)))
def test_no_two_port_groups_share_a_vlan_or_an_address(
    templates: list[tuple[list[Json], int]], foreign: set[int]
) -> None:
    """Templates with overlapping pools, one after another, beside port groups of others."""
    seen = [VlanUser(mo_ref=f"dvportgroup-f{n}", name=f"f{n}", vlan=n) for n in foreign]
    made: list[tuple[str, port_group.Spec, str]] = []
    for spans, length in templates:
        subnet = {"pool": "10.70.0.0/24", "prefixLength": length}
        avi = {"controller": "avi", "cloud": "c", "subnet": subnet}
        wanted = of(vlan={"pool": spans}, avi=avi)
        before = {spec.vlan.id for _, spec, _ in made if spec.vlan}
        try:
            spec = allocation.port_group(wanted, allocation.taken(made, seen))
        except refusal.Refusal as refused:
            if refused.reason == "VlanPoolUsedUp":
                (span,) = spans
                assert set(range(span["start"], span["end"] + 1)) <= before | foreign
            continue
        made.append(declared(spec, str(len(made))))
    vlans = [spec.vlan.id for _, spec, _ in made if spec.vlan]
    assert len(set(vlans)) == len(vlans)
    assert not set(vlans) & foreign
    addresses: set[ipaddress.IPv4Address] = set()
    for _, spec, _ in made:
        assert spec.avi is not None
        assert spec.avi.subnet is not None
        own = set(ipaddress.IPv4Network(spec.avi.subnet.cidr))
        assert not own & addresses
        addresses |= own


# The options of a config.


def test_a_config_without_options_names_no_port_group() -> None:
    config.check(Options())
    assert config.port_group_name(Options(), "prod", "akoo-1") == ""


def test_a_reference_is_the_name() -> None:
    options = Options(port_group_ref="blue")
    config.check(options)
    assert config.port_group_name(options, "prod", "akoo-1") == "blue"


@pytest.mark.parametrize(("per", "name"), [("Cluster", "akoo-1"), ("Config", "prod-data")])
def test_a_template_names_the_port_group_that_it_makes(per: str, name: str) -> None:
    options = Options(port_group_template=of(per=per))
    assert config.port_group_name(options, "prod", "akoo-1") == name


def test_reference_and_template_exclude_each_other() -> None:
    with pytest.raises(refusal.Refusal, match="Remove one of them") as refused:
        config.check(Options(port_group_ref="blue", port_group_template=of()))
    assert refused.value.reason == "ConfigConflict"


@pytest.mark.parametrize("name", ["UPPER", "a/b", "a" * 254])
def test_a_reference_that_no_object_can_have_is_refused(name: str) -> None:
    with pytest.raises(refusal.Refusal, match="portGroupRef"):
        config.check(Options(port_group_ref=name))
