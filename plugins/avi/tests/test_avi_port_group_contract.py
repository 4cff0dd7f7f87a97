"""The fields of the vSphere plugin's kinds and options that Avi reads, with the same types."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
import yaml
from akoo_avi.spec import config, port_group
from akoo_vsphere.spec import config as vsphere_config
from akoo_vsphere.spec import port_group as vsphere_port_group

from akoo_core import structs

CRD = pathlib.Path(__file__).parents[3] / "deploy/crds/vsphereportgroups.yaml"
READ = {"spec": port_group.PortGroupSpec, "status": port_group.PortGroupStatus}


def schema(part: str) -> dict[str, Any]:
    (version,) = yaml.safe_load(CRD.read_text())["spec"]["versions"]
    properties: dict[str, Any] = version["schema"]["openAPIV3Schema"]["properties"]
    return dict(properties[part])


def paths(kind: Any) -> set[str]:
    """The paths of the fields of a struct, by the names on the wire."""
    known: set[str] = set()
    for field in structs.fields(kind):
        inner = _struct_in(field.type)
        known |= {f"{field.key}.{path}" for path in paths(inner)} if inner else {field.key}
    return known


def _struct_in(hint: Any) -> Any:
    candidates = [hint, *getattr(hint, "__args__", ())]
    candidates += [arg for outer in candidates for arg in getattr(outer, "__args__", ())]
    return next(
        (c for c in candidates if isinstance(c, type) and issubclass(c, structs.Struct)), None
    )


def served(obj: dict[str, Any], path: str) -> bool:
    first, _, rest = path.partition(".")
    inner = obj["properties"].get(first)
    if inner is None:
        return False
    inner = inner.get("items", inner)
    return not rest or served(inner, rest)


@pytest.mark.parametrize("part", READ)
def test_each_field_is_in_the_definition(part: str) -> None:
    missing = sorted(path for path in paths(READ[part]) if not served(schema(part), path))
    assert missing == []


def test_the_same_object_reads_alike() -> None:
    """The plugin that writes it and the one that reads it agree on every value."""
    there = {
        "name": "vip",
        "moRef": "dvportgroup-12",
        "instanceUuid": "vc-1",
        "datacenter": "datacenter-2",
        "switchUuid": "s",
    }
    subnet = {"cidr": "10.0.0.0/24", "ranges": [{"begin": "10.0.0.1", "end": "10.0.0.2"}]}
    avi = {"controller": "main", "cloud": "dc", "subnet": subnet}
    obj = {
        "metadata": {"name": "blue", "uid": "u", "generation": 3},
        "spec": {"connection": "vc", "datacenter": "dc-1", "distributedSwitch": {}, "avi": avi},
        "status": {"portGroup": there, "datacenter": {"moRef": "datacenter-2", "path": "/a%2fb"}},
    }
    own, other = port_group.from_object(obj), vsphere_port_group.from_object(obj)
    assert own.spec.avi is not None
    assert structs.to_plain(own.spec.avi) == structs.to_plain(other.spec.avi)
    assert own.status.port_group is not None
    assert other.status.port_group is not None
    assert own.status.port_group.mo_ref == other.status.port_group.mo_ref
    assert own.status.port_group.datacenter == other.status.port_group.datacenter
    assert own.status.datacenter is not None
    assert own.status.datacenter.name == "a/b"


def test_the_option_of_a_config_reads_alike() -> None:
    options = {"portGroupRef": "blue"}
    adc = {"spec": {"plugins": {"vsphere": options}}}
    decoded = structs.convert(options, vsphere_config.Options, path="x")
    assert config.decode(adc).plugins.vsphere.port_group_ref == decoded.port_group_ref
