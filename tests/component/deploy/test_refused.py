"""Refusals of the API server, with the words the user reads."""

from __future__ import annotations

import copy
import pathlib
from typing import Any, Protocol

import pytest
import yaml
from akoo_testbed import kubeapi

CORPUS = pathlib.Path(__file__).parent / "corpus"

Object = dict[str, Any]


class Server(Protocol):
    async def try_create(self, obj: Object) -> Object: ...
    async def try_replace(self, obj: Object) -> Object: ...
    async def create(self, obj: Object) -> Object: ...


BASE: Object = yaml.safe_load((CORPUS / "c09-selected.yaml").read_text())
"""Selector tier=gold, one pool in 10.90.0.0/24, a control plane network."""


def changed(obj: Object, changes: dict[str, Any]) -> Object:
    """A copy with values set (or, for None, removed) at dotted paths below spec."""
    result = copy.deepcopy(obj)
    for path, value in changes.items():
        *parents, last = path.split(".")
        node = result["spec"]
        for key in parents:
            node = node.setdefault(key, {})
        if value is None:
            node.pop(last)
        else:
            node[last] = value
    return result


def pool(start: str, end: str, family: str = "V4") -> list[dict[str, str]]:
    return [{"start": start, "end": end, "type": family}]


SELECTOR = "clusterSelector"
EXPRESSIONS = "clusterSelector.matchExpressions"
POOLS = "dataNetwork.ipPools"

NOT_EMPTY = (
    "spec.clusterSelector: Invalid value: must not be empty: an empty selector matches every "
    "Cluster and is allowed only under the names install-ako-for-all and "
    "install-ako-for-management-cluster; give matchLabels or matchExpressions, or use one of these "
    "names"
)
NO_SUBNET = "is not a subnet with its prefix length, such as 10.0.0.0/24 or 2001:db8::/64"
NO_ADDRESS = "is not an IP address, such as 10.0.0.10 or 2001:db8::10"
NO_DURATION = (
    "is not a duration of whole hours, minutes and seconds, such as 30s, 10m or 1h30m, and at most "
    "8784h"
)

NO_NETWORK = (
    "Invalid value: lacks name or cidr; give both, or choose in spec.plugins a port group, which "
    "has them"
)
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no selector": ({SELECTOR: None}, NOT_EMPTY),
    "empty selector": ({SELECTOR: {"matchLabels": {}, "matchExpressions": []}}, NOT_EMPTY),
    "unknown operator": (
        {EXPRESSIONS: [{"key": "a", "operator": "Equals", "values": ["b"]}]},
        (
            'operator: Unsupported value: "Equals": '
            'supported values: "In", "NotIn", "Exists", "DoesNotExist"'
        ),
    ),
    "In without values": (
        {EXPRESSIONS: [{"key": "a", "operator": "In"}]},
        "operators In and NotIn need at least one entry in values",
    ),
    "Exists with values": (
        {EXPRESSIONS: [{"key": "a", "operator": "Exists", "values": ["b"]}]},
        "operators Exists and DoesNotExist take no values; remove them",
    ),
    "version with v": (
        {"controllerVersion": "v22.1.3"},
        (
            'spec.controllerVersion: Invalid value: "v22.1.3" is not a version: give numbers with '
            "dots between them, such as 22.1.3, no v before and no patch after them"
        ),
    ),
    "version with patch": ({"controllerVersion": "22.1.3-2p1"}, '"22.1.3-2p1" is not a version'),
    "no replica": (
        {"extraConfigs.replicaCount": 0},
        "spec.extraConfigs.replicaCount in body should be greater than or equal to 1",
    ),
    "three replicas": (
        {"extraConfigs.replicaCount": 3},
        "spec.extraConfigs.replicaCount in body should be less than or equal to 2",
    ),
    "subnet without length": ({"dataNetwork.cidr": "10.90.0.0"}, f'"10.90.0.0" {NO_SUBNET}'),
    "no subnet": ({"dataNetwork.cidr": ""}, f'"" {NO_SUBNET}'),
    "subnet too long": ({"dataNetwork.cidr": "10.90.0.0/33"}, f'"10.90.0.0/33" {NO_SUBNET}'),
    "octet too great": ({"dataNetwork.cidr": "10.256.0.0/24"}, f'"10.256.0.0/24" {NO_SUBNET}'),
    "IPv6 subnet too long": ({"dataNetwork.cidr": "2001:db8::/129"}, NO_SUBNET),
    "control plane subnet": (
        {"controlPlaneNetwork.cidr": "10.91.0.0/2x"},
        f'spec.controlPlaneNetwork.cidr: Invalid value: "10.91.0.0/2x" {NO_SUBNET}',
    ),
    "pool of a name": (
        {POOLS: pool("first", "10.90.0.9")},
        f'spec.dataNetwork.ipPools[0].start: Invalid value: "first" {NO_ADDRESS}',
    ),
    "pool of a range": (
        {POOLS: pool("10.90.0.1", "10.90.0.1-10.90.0.9")},
        f'spec.dataNetwork.ipPools[0].end: Invalid value: "10.90.0.1-10.90.0.9" {NO_ADDRESS}',
    ),
    "pool reversed": (
        {POOLS: pool("10.90.0.10", "10.90.0.9")},
        (
            "spec.dataNetwork.ipPools[0]: Invalid value: "
            "start 10.90.0.10 is greater than end 10.90.0.9"
        ),
    ),
    "pool below the subnet": (
        {POOLS: pool("10.89.255.255", "10.90.0.9")},
        (
            "spec.dataNetwork.ipPools: Invalid value: "
            "start of every pool must lie inside cidr 10.90.0.0/24"
        ),
    ),
    "pool beyond the subnet": (
        {POOLS: pool("10.90.0.1", "10.90.1.0")},
        (
            "spec.dataNetwork.ipPools: Invalid value: "
            "end of every pool must lie inside cidr 10.90.0.0/24"
        ),
    ),
    "pool of the other family": (
        {POOLS: pool("2001:db8::1", "2001:db8::9", "V6")},
        (
            "spec.dataNetwork.ipPools: Invalid value: "
            "type of every pool must be V4, the family of cidr 10.90.0.0/24"
        ),
    ),
    "pool of no family": (
        {POOLS: pool("10.90.0.1", "10.90.0.9", "IPv4")},
        'spec.dataNetwork.ipPools[0].type: Unsupported value: "IPv4": supported values: "V4", "V6"',
    ),
    "no data network": ({"dataNetwork": None}, f"spec.dataNetwork: {NO_NETWORK}"),
    "no name of the data network": (
        {"dataNetwork.name": None},
        f"spec.dataNetwork: {NO_NETWORK}",
    ),
    "no subnet of the data network": (
        {"dataNetwork.cidr": None, POOLS: None},
        f"spec.dataNetwork: {NO_NETWORK}",
    ),
    "pools without a subnet": (
        {"dataNetwork.cidr": None, "plugins": {"vsphere": {"portGroupRef": "blue"}}},
        "spec.dataNetwork.cidr: Invalid value: is missing beside ipPools: give the subnet",
    ),
    "no credential": ({"adminCredentialRef": None}, "spec.adminCredentialRef: Required value"),
    "no namespace": (
        {"adminCredentialRef.namespace": None},
        "spec.adminCredentialRef.namespace: Required value",
    ),
    "cni plugin": (
        {"extraConfigs.cniPlugin": "weave"},
        'spec.extraConfigs.cniPlugin: Unsupported value: "weave": supported values: "antrea"',
    ),
    "text for a bool": (
        {"extraConfigs.enableEVH": "true"},
        "spec.extraConfigs.enableEVH in body must be of type boolean",
    ),
    "number for a text": (
        {"extraConfigs.fullSyncFrequency": 1800},
        "spec.extraConfigs.fullSyncFrequency in body must be of type string",
    ),
    "duration": ({"deadline": "1 hour"}, f'spec.deadline: Invalid value: "1 hour" {NO_DURATION}'),
    "duration in days": ({"drainTimeout": "1d"}, f'"1d" {NO_DURATION}'),
    "duration that overflows": (
        {"deadline": "99999999999999h"},
        f'"99999999999999h" {NO_DURATION}',
    ),
    "duration of more than a year": ({"deadline": "8785h"}, f'"8785h" {NO_DURATION}'),
    "duration in parts": ({"quietPeriod": "1.5m"}, f'"1.5m" {NO_DURATION}'),
    "on unmatch": (
        {"onUnmatch": "Delete"},
        'spec.onUnmatch: Unsupported value: "Delete": supported values: "Orphan", "Remove"',
    ),
    "on deadline": (
        {"onDeadline": "letgo"},
        'spec.onDeadline: Unsupported value: "letgo": supported values: "LetGo", "Hold"',
    ),
    "priority": ({"priority": "high"}, "spec.priority in body must be of type integer"),
    "plugin without settings": (
        {"plugins": {"ako": "2.1.1"}},
        "spec.plugins.ako in body must be of type object",
    ),
}


def words(error: kubeapi.ApiError) -> str:
    """The message without the type names that some API servers put before it."""
    text = str(error)
    for kind in ("string", "object", "integer", "array"):
        text = text.replace(f'Invalid value: "{kind}": ', "Invalid value: ")
    return text


@pytest.mark.parametrize(("changes", "message"), REFUSED.values(), ids=REFUSED.keys())
async def test_refused_on_create(changes: dict[str, Any], message: str, server: Server) -> None:
    with pytest.raises(kubeapi.ApiError) as caught:
        await server.try_create(changed(BASE, changes))
    assert caught.value.status == 422
    assert message in words(caught.value)


IMMUTABLE: dict[str, tuple[dict[str, Any], str]] = {
    "another label": (
        {"clusterSelector.matchLabels.tier": "silver"},
        (
            "spec.clusterSelector: Invalid value: is immutable, since a changed selector could let "
            "go many clusters at once; create another AKODeploymentConfig with the new selector "
            "and a higher spec.priority, and delete this one when no AKODeployment names it any "
            "more"
        ),
    ),
    "a wider selector": ({EXPRESSIONS: [{"key": "a", "operator": "Exists"}]}, "is immutable"),
    "no selector": ({SELECTOR: None}, "spec.clusterSelector: Invalid value: is immutable"),
    "another network": (
        {"controlPlaneNetwork.name": "control-10"},
        (
            "spec.controlPlaneNetwork: Invalid value: is immutable, since API servers of running "
            "clusters have their addresses in it; create another AKODeploymentConfig for the "
            "clusters that are to use another network"
        ),
    ),
    "another subnet": ({"controlPlaneNetwork.cidr": "10.92.0.0/24"}, "is immutable"),
    "no network": ({"controlPlaneNetwork": None}, "spec.controlPlaneNetwork: Invalid value: is"),
    "pools alone": (
        {POOLS: pool("10.90.0.10", "10.90.9.9")},
        "end of every pool must lie inside cidr 10.90.0.0/24",
    ),
}


@pytest.mark.parametrize(("changes", "message"), IMMUTABLE.values(), ids=IMMUTABLE.keys())
async def test_refused_on_update(changes: dict[str, Any], message: str, server: Server) -> None:
    stored = await server.create(BASE)
    with pytest.raises(kubeapi.ApiError) as caught:
        await server.try_replace(changed(stored, changes))
    assert caught.value.status == 422
    assert message in words(caught.value)


SHELLS: dict[str, Any] = {
    "clusterSelector.matchExpressions": [],
    "tenant": {"name": ""},
    "extraConfigs": {"log": {}, "ingress": {}},
}
ALLOWED: dict[str, dict[str, Any]] = {
    "empty shells of a Go client": SHELLS,
    "another cloud and controller": {"cloudName": "other", "controller": "192.0.2.99"},
    "another data network": {
        "dataNetwork": {
            "name": "n",
            "cidr": "10.95.0.0/16",
            "ipPools": pool("10.95.0.1", "10.95.9.9"),
        }
    },
    "no pools": {POOLS: []},
    "a port group of a plugin": {
        "dataNetwork": None,
        "plugins": {"vsphere": {"portGroupRef": "blue"}},
    },
    "a port group, and the name of its network": {
        "dataNetwork": {"name": "blue"},
        "plugins": {"vsphere": {"portGroupRef": "blue"}},
    },
    "policies": {"priority": 5, "onUnmatch": "Remove", "deadline": "2h"},
}


@pytest.mark.parametrize("changes", ALLOWED.values(), ids=ALLOWED.keys())
async def test_allowed_on_update(changes: dict[str, Any], server: Server) -> None:
    stored = await server.create(BASE)
    wanted = changed(stored, changes)
    assert (await server.try_replace(wanted))["spec"] == wanted["spec"]


async def test_absent_and_empty_are_the_same_selector_and_network(server: Server) -> None:
    """A Go client that reads and writes an object adds shells to it."""
    bare = changed(BASE, {SELECTOR: None, "controlPlaneNetwork": None})
    bare["metadata"] = {"name": "install-ako-for-all"}
    stored = await server.create(bare)
    shells = {SELECTOR: {"matchLabels": {}}, "controlPlaneNetwork": {"name": "", "cidr": ""}}
    await server.try_replace(changed(stored, shells))
    with pytest.raises(kubeapi.ApiError, match="is immutable"):
        await server.try_replace(
            changed(stored, {"controlPlaneNetwork": {"name": "n", "cidr": ""}})
        )
