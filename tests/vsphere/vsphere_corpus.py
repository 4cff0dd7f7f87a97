"""Good and bad objects of the vSphere plugin: refused alike by the structs and by an API server."""

from __future__ import annotations

from typing import Any, NamedTuple

Json = dict[str, Any]


class Bad(NamedTuple):
    """A spec that is refused, with the field and a part of the cure in the message."""

    spec: Json
    field: str
    cure: str
    metadata: Json = {}


SECURITY = {"allowPromiscuous": False, "forgedTransmits": False, "macChanges": False}

GOOD_GROUPS: dict[str, Json] = {
    "the least": {},
    "one VLAN": {"vlan": {"id": 4094}},
    "no VLAN": {"vlan": {"id": 0}},
    "trunk": {"vlan": {"trunk": [{"start": 9, "end": 20}, {"start": 1, "end": 8}]}},
    "private VLAN": {"vlan": {"pvlanSecondaryID": 302}},
    "inherited VLAN": {"vlan": {"inherited": True}},
    "name of 80": {"portGroupName": "n" * 80},
    "unicode": {"portGroupName": 'Bäckerei "7" <&>'},
    "fixed": {"portAllocation": "Fixed", "numPorts": 16},
    "elastic": {"portBinding": "Static", "portAllocation": "Elastic"},
    "ephemeral": {"portBinding": "Ephemeral"},
    "security": {"macManagementPolicy": {**SECURITY, "macLearning": {"enabled": True}}},
    "uplinks": {"teaming": {"activeUplinks": ["uplink1"], "standbyUplinks": ["uplink2"]}},
    "adopted by moref": {
        "existing": {"moRef": "dvportgroup-12"},
        "adoptionPolicy": "IfIdentical",
    },
    "adopted by path": {
        "existing": {"inventoryPath": "/dc1/network/Prod %2f VIP"},
        "adoptionPolicy": "IfUnowned",
    },
    "description": {"description": "Avi data network\nof fleet akoo/edge"},
    "avi": {
        "avi": {
            "controller": "avi",
            "cloud": "vc-01",
            "subnet": {
                "cidr": "10.70.0.0/24",
                "ranges": [{"begin": "10.70.0.10", "end": "10.70.0.99"}],
            },
        }
    },
}

BAD_GROUPS: dict[str, Bad] = {
    "VLAN 4095": Bad({"vlan": {"id": 4095}}, "spec.vlan.id", "4094"),
    "VLAN -1": Bad({"vlan": {"id": -1}}, "spec.vlan.id", "0"),
    "trunk to 4095": Bad(
        {"vlan": {"trunk": [{"start": 1, "end": 4095}]}}, "spec.vlan.trunk[0].end", "4094"
    ),
    "overlapping trunk": Bad(
        {"vlan": {"trunk": [{"start": 5, "end": 9}, {"start": 1, "end": 5}]}},
        "spec.vlan.trunk",
        "each VLAN once",
    ),
    "the same range twice": Bad(
        {"vlan": {"trunk": [{"start": 5, "end": 9}, {"start": 5, "end": 9}]}},
        "spec.vlan.trunk",
        "each VLAN once",
    ),
    "trunk backwards": Bad(
        {"vlan": {"trunk": [{"start": 9, "end": 5}]}}, "spec.vlan.trunk[0]", "xchange them"
    ),
    "empty trunk": Bad({"vlan": {"trunk": []}}, "spec.vlan.trunk", "at least"),
    "private VLAN 0": Bad({"vlan": {"pvlanSecondaryID": 0}}, "spec.vlan.pvlanSecondaryID", "1"),
    "two kinds of VLAN": Bad(
        {"vlan": {"id": 7, "trunk": [{"start": 1, "end": 2}]}}, "spec.vlan", "et exactly one of"
    ),
    "no kind of VLAN": Bad({"vlan": {}}, "spec.vlan", "et exactly one of"),
    "inherited false": Bad(
        {"vlan": {"inherited": False}}, "spec.vlan.inherited", "ay which VLAN, or leave out vlan"
    ),
    "name with /": Bad({"portGroupName": "a/b"}, "spec.portGroupName", "ive a name without"),
    "name with backslash": Bad(
        {"portGroupName": "a\\b"}, "spec.portGroupName", "ive a name without"
    ),
    "name with %": Bad({"portGroupName": "50%"}, "spec.portGroupName", "ive a name without"),
    "name of 81": Bad({"portGroupName": "n" * 81}, "spec.portGroupName", "80"),
    "name of NSX": Bad({"portGroupName": "NSX-edge"}, "spec.portGroupName", "ive another name"),
    "name of uplinks": Bad(
        {"portGroupName": "dvs-DVUplinks-8"}, "spec.portGroupName", "ive another name"
    ),
    "name with a space at its end": Bad(
        {"portGroupName": "edge "}, "spec.portGroupName", "ive a name without"
    ),
    "object's name of 64": Bad({}, "metadata.name", "shorter name", {"name": "n" * 64}),
    "elastic with ports": Bad(
        {"portAllocation": "Elastic", "numPorts": 8}, "spec.numPorts", "emove it"
    ),
    "ports alone": Bad({"numPorts": 8}, "spec.numPorts", "emove it"),
    "ephemeral with allocation": Bad(
        {"portBinding": "Ephemeral", "portAllocation": "Elastic"},
        "spec.portAllocation",
        "emove it",
    ),
    "ephemeral with ports": Bad(
        {"portBinding": "Ephemeral", "numPorts": 8}, "spec.numPorts", "emove it"
    ),
    "fixed without ports": Bad({"portAllocation": "Fixed"}, "spec.numPorts", "ay how many"),
    "no ports": Bad({"portAllocation": "Fixed", "numPorts": 0}, "spec.numPorts", "1"),
    "too many ports": Bad({"portAllocation": "Fixed", "numPorts": 8193}, "spec.numPorts", "8192"),
    "long description": Bad({"description": "d" * 257}, "spec.description", "256"),
    "description with space": Bad({"description": " d"}, "spec.description", "emove it"),
    "description with a mark": Bad(
        {"description": "a\n akoo/1 id=m-2"}, "spec.description", "rite it otherwise"
    ),
    "standby alone": Bad(
        {"teaming": {"standbyUplinks": ["uplink1"]}},
        "spec.teaming.standbyUplinks",
        "dd activeUplinks",
    ),
    "no active uplink": Bad({"teaming": {"activeUplinks": []}}, "spec.teaming.activeUplinks", ""),
    "an uplink twice": Bad(
        {"teaming": {"activeUplinks": ["u", "u"]}},
        "spec.teaming.activeUplinks",
        "ame each uplink once",
    ),
    "an uplink active and standby": Bad(
        {"teaming": {"activeUplinks": ["u"], "standbyUplinks": ["v", "u"]}},
        "spec.teaming.standbyUplinks",
        "ame each uplink once",
    ),
    "too many addresses": Bad(
        {
            "macManagementPolicy": {
                **SECURITY,
                "macLearning": {"enabled": True, "limit": 4097},
            }
        },
        "spec.macManagementPolicy.macLearning.limit",
        "4096",
    ),
    "switch by both": Bad(
        {"distributedSwitch": {"name": "a", "uuid": "b"}},
        "spec.distributedSwitch",
        "et exactly one of name and uuid",
    ),
    "switch by neither": Bad(
        {"distributedSwitch": {}}, "spec.distributedSwitch", "et exactly one of name and uuid"
    ),
    "no connection": Bad({"connection": ""}, "spec.connection", ""),
    "no datacenter": Bad({"datacenter": ""}, "spec.datacenter", ""),
    "existing by both": Bad(
        {
            "existing": {"moRef": "dvportgroup-12", "inventoryPath": "/a"},
            "adoptionPolicy": "IfIdentical",
        },
        "spec.existing",
        "et exactly one of moRef and inventoryPath",
    ),
    "existing of another kind": Bad(
        {"existing": {"moRef": "network-6"}, "adoptionPolicy": "IfIdentical"},
        "spec.existing.moRef",
        "dvportgroup-12",
    ),
    "existing but never adopted": Bad(
        {"existing": {"moRef": "dvportgroup-12"}},
        "spec.adoptionPolicy",
        "et IfIdentical or IfUnowned",
    ),
}

PIN = ":".join(["aB"] * 32)
GOOD_CONNECTIONS: dict[str, Json] = {
    "the least": {},
    "with a port": {"address": "vc.example.com:8443"},
    "with a CA": {"caRef": {"namespace": "akoo-system", "name": "vc-ca"}},
    "with a pin": {"thumbprint": PIN},
}
BAD_CONNECTIONS: dict[str, Bad] = {
    "scheme": Bad({"address": "https://vc.example.com"}, "spec.address", "vcenter.example.com"),
    "user": Bad({"address": "admin:x@vc"}, "spec.address", "without https://, path or user"),
    "path": Bad({"address": "vc/sdk"}, "spec.address", "without https://, path or user"),
    "CA and pin": Bad(
        {"thumbprint": PIN, "caRef": {"namespace": "a", "name": "b"}},
        "spec.thumbprint",
        "emove thumbprint",
    ),
    "SHA-1": Bad({"thumbprint": ":".join(["ab"] * 20)}, "spec.thumbprint", "-sha256"),
    "no colons": Bad({"thumbprint": "ab" * 32}, "spec.thumbprint", "-sha256"),
    "no Secret": Bad({"credentialRef": {"namespace": "", "name": "vc"}}, "spec.credentialRef", ""),
}


def connection(spec: Json, name: str = "vc") -> Json:
    """A VSphereConnection; ``spec`` adds to the least one."""
    return {
        "apiVersion": "akoo.io/v1alpha1",
        "kind": "VSphereConnection",
        "metadata": {"name": name, "uid": "u-1"},
        "spec": {
            "address": "vc.example.com",
            "credentialRef": {"namespace": "akoo-system", "name": "vc"},
            **spec,
        },
    }


def port_group(spec: Json, **metadata: Any) -> Json:
    """A VSpherePortGroup; ``spec`` adds to the least one."""
    return {
        "apiVersion": "akoo.io/v1alpha1",
        "kind": "VSpherePortGroup",
        "metadata": {"name": "edge", **metadata},
        "spec": {
            "connection": "vc",
            "datacenter": "dc1",
            "distributedSwitch": {"name": "dvs-edge"},
            **spec,
        },
    }
