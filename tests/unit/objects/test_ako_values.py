"""Values of AKO's chart, as plugins beside AKO's own read them."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_avi.spec import config as avi_config
from hypothesis import given
from hypothesis import strategies as st

from akoo_core.objects import ako_networks, ako_values


def config(values: Any, **fields: Any) -> dict[str, Any]:
    """An AKODeploymentConfig with values of the chart."""
    return {"spec": {"plugins": {"ako": {"values": values}}, **fields}}


def test_other_plugins_see_a_value_as_they_see_its_field() -> None:
    values = {
        "AKOSettings": {
            "primaryInstance": False,
            "disableStaticRouteSync": "false",
            "cniPlugin": "ncp",
            "vpcMode": "true",
        },
        "ControllerSettings": {"vrfName": "blue"},
        "L7Settings": {"serviceType": "ClusterIP", "shardVSSize": "LARGE"},
        "NetworkSettings": {
            "nsxtT1LR": "/orgs/o/projects/p/vpcs/v",
            "nodeNetworkList": [{"networkName": "n", "cidrs": ["10.1.0.9/24"]}],
            "vipNetworkList": [{"networkName": "v", "cidr": "10.2.0.0/24"}],
        },
    }
    extra = avi_config.decode(config(values)).extra_configs
    assert (extra.primary_instance, extra.disable_static_route_sync) == (False, False)
    assert (extra.cni_plugin, extra.ingress.service_type) == ("ncp", "ClusterIP")
    assert extra.ingress.shard_vs_size == "LARGE"
    assert ako_networks.decode(config(values)) == ako_networks.AkoNetworks(
        tier1="/orgs/o/projects/p/vpcs/v",
        vpc_mode=True,
        vrf_name="blue",
        vip_networks=(ako_networks.AkoVipNetwork(network_name="v", cidr="10.2.0.0/24"),),
        node_networks=(ako_networks.NodeNetwork(network_name="n", cidrs=("10.1.0.0/24",)),),
    )


@pytest.mark.parametrize("value", ["maybe", 1, None, "", [], {}])
def test_a_value_of_another_type_is_left_to_the_plugin_that_refuses_it(value: Any) -> None:
    written = config({"AKOSettings": {"primaryInstance": value}})
    filled = ako_values.filled(written)
    assert ako_values.at(filled, "spec.extraConfigs") is None
    assert avi_config.decode(written).extra_configs == avi_config.Extra()


def test_a_field_that_is_set_stays() -> None:
    written = config({"AKOSettings": {"cniPlugin": "ncp"}}, extraConfigs={"cniPlugin": "antrea"})
    assert avi_config.decode(written).extra_configs.cni_plugin == "antrea"


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)


@given(
    values=TREES
    | st.dictionaries(st.sampled_from([*ako_values.SHARED]), TREES).map(
        lambda flat: ako_values.placed({}, flat)
    )
)
def test_any_values_leave_the_config_as_it_was(values: Any) -> None:
    written = config(values)
    before = repr(written)
    filled = ako_values.filled(written)
    assert repr(written) == before
    assert filled["spec"]["plugins"]["ako"]["values"] is values
    avi_config.decode(filled)


@pytest.mark.parametrize(
    ("kind", "value", "typed"),
    [
        ("text", "a", "a"),
        ("flag", True, True),
        ("flag", "false", False),
        ("number", 5, 5),
        ("number", "-5", -5),
        ("seconds", 900, "900"),
        ("list", ["a"], ["a"]),
        ("labels", {"a": "b"}, {"a": "b"}),
        ("object", {"a": 1}, {"a": 1}),
        ("items", [{"a": 1}], [{"a": 1}]),
    ],
)
def test_types(kind: ako_values.ValueType, value: Any, typed: Any) -> None:
    assert ako_values.typed(value, kind) == typed
    assert type(ako_values.typed(value, kind)) is type(typed)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", 1),
        ("flag", 1),
        ("flag", "True"),
        ("number", True),
        ("number", "1e3"),
        ("number", "\u0661"),
        ("number", 1.5),
        ("seconds", -1),
        ("list", ["a", 1]),
        ("list", "a"),
        ("labels", {"a": 1}),
        ("object", []),
        ("items", ["a"]),
    ],
)
def test_other_types_are_refused_with_the_one_that_is_wanted(
    kind: ako_values.ValueType, value: Any
) -> None:
    with pytest.raises(ValueError, match=ako_values.NAMES[kind]):
        ako_values.typed(value, kind)
