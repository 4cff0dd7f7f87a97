"""CRDs are written by hand: here they are held against the structs, in both directions.

Both are laid flat first: a shape maps the path of each field (``leaving.letGo.at``, ``uses[].uid``,
``facts{}.version``) to what is known of it there, so that a difference reads well.
"""

from __future__ import annotations

import copy
import functools
import pathlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import yaml
from akoo_ako import config as ako_config
from akoo_tenancy.spec import tenant as avi_tenant
from akoo_vsphere.spec import connection as vsphere_connection
from akoo_vsphere.spec import port_group as vsphere_port_group
from akoo_vsphere.spec import port_group_status as vsphere_status
from msgspec import inspect

from akoo_core.cli.status import table
from akoo_core.objects import ako_networks, config, names, record

ROOT = pathlib.Path(__file__).parents[3]
CRDS = ROOT / "deploy" / "crds"
VSPHERE = {"vsphereconnections", "vsphereportgroups"}
"""Not part of an installation yet."""


class Field(NamedTuple):
    """One field: its JSON type, its format or enum, and whether it must be given."""

    type: str
    format: str = ""
    enum: frozenset[str] = frozenset()
    required: bool = False


Shape = dict[str, Field]


def of_schema(schema: dict[str, Any], path: str = "", *, required: bool = True) -> Shape:
    """The shape of an openAPIV3Schema."""
    if schema.get("x-kubernetes-preserve-unknown-fields") is True:
        return {path: Field("any", required=required)}
    kind: str = schema["type"]
    shape = {
        path: Field(kind, schema.get("format", ""), frozenset(schema.get("enum", ())), required)
    }
    if kind == "integer":  # how wide it is does not matter to Python
        shape[path] = Field(kind, required=required)
    if kind == "array":
        shape |= of_schema(schema["items"], f"{path}[]")
    if "additionalProperties" in schema:
        shape |= of_schema(schema["additionalProperties"], f"{path}{{}}")
    for name, inner in schema.get("properties", {}).items():
        must = name in schema.get("required", ())
        shape |= of_schema(inner, f"{path}.{name}".lstrip("."), required=must)
    return shape


def of_struct(kind: Any) -> Shape:
    """The shape of a struct, by the names it has in JSON."""
    return _of_type(inspect.type_info(kind), "", required=True)


_SCALARS: dict[type[inspect.Type], Field] = {
    inspect.StrType: Field("string"),
    inspect.IntType: Field("integer"),
    inspect.BoolType: Field("boolean"),
    inspect.DateTimeType: Field("string", "date-time"),
}


def _of_type(kind: inspect.Type, path: str, *, required: bool) -> Shape:
    match kind:
        case inspect.UnionType(types):
            (inner,) = (kind for kind in types if not isinstance(kind, inspect.NoneType))
            return _of_type(inner, path, required=required)
        case inspect.StructType(_, fields):
            shape = {path: Field("object", required=required)}
            for field in fields:
                name = f"{path}.{field.encode_name}".lstrip(".")
                shape |= _of_type(field.type, name, required=field.required)
            return shape
        case inspect.DictType(value_type=inspect.AnyType()) | inspect.AnyType():
            return {path: Field("any", required=required)}
        case inspect.DictType(value_type=value):
            entry = _of_type(value, f"{path}{{}}", required=True)
            return {path: Field("object", required=required)} | entry
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
            entry = _of_type(item, f"{path}[]", required=True)
            return {path: Field("array", required=required)} | entry
        case inspect.LiteralType(values):
            return {path: Field("string", enum=frozenset(map(str, values)), required=required)}
        case _:
            return {path: _SCALARS[type(kind)]._replace(required=required)}


@functools.cache
def _crd(name: str) -> dict[str, Any]:
    crd: dict[str, Any] = yaml.safe_load((CRDS / f"{name}.yaml").read_text())
    return crd


def _schema(name: str, part: str) -> dict[str, Any]:
    (version,) = _crd(name)["spec"]["versions"]
    schema: dict[str, Any] = version["schema"]["openAPIV3Schema"]["properties"][part]
    return schema


def _without_root(shape: Shape) -> Shape:
    return {path: field for path, field in shape.items() if path}


RECORD = [("spec", record.RecordSpec), ("status", record.RecordStatus)]


@pytest.mark.parametrize(("part", "kind"), RECORD)
def test_the_record_is_its_schema(part: str, kind: type) -> None:
    """Written and read by the core alone: nothing may be dropped, refused or undecodable."""
    schema = of_schema(_schema("akodeployments", part))
    assert _without_root(schema) == _without_root(of_struct(kind))


def _schemas_with_one_thing_wrong(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema in which one property is missing or is of another type."""

    def visit(node: dict[str, Any], path: str) -> Iterator[str]:
        for name, inner in node.get("properties", {}).items():
            yield f"{path}/properties/{name}"
            yield from visit(inner, f"{path}/properties/{name}")
        for key in ("items", "additionalProperties"):
            if key in node:
                yield from visit(node[key], f"{path}/{key}")

    for path in visit(schema, ""):
        *parents, name = path.strip("/").split("/")
        for wrong in (None, {"type": "number"}):
            changed = copy.deepcopy(schema)
            node = changed
            for key in parents:
                node = node[key]
            if wrong is None:
                del node[name]
            else:
                node[name] = wrong
            yield path, changed


@pytest.mark.parametrize(("part", "kind"), RECORD)
def test_each_single_difference_is_seen(part: str, kind: type) -> None:
    expected = _without_root(of_struct(kind))
    paths = set()
    for path, changed in _schemas_with_one_thing_wrong(_schema("akodeployments", part)):
        assert _without_root(of_schema(changed)) != expected, path
        paths.add(path)
    assert len(paths) == sum(1 for path in expected if not path.endswith(("[]", "{}")))


def unreadable(schema: Shape, struct: Shape) -> list[str]:
    """The fields that the server accepts and the struct could not decode, or reads and
    never gets."""
    wrong = []
    for path, wanted in _without_root(struct).items():
        served = schema.get(path)
        if served is None:
            wrong.append(f"{path}: not in the schema, so the server drops it")
        elif (served.type, served.format) != (wanted.type, wanted.format):
            wrong.append(f"{path}: {served.type} in the schema, {wanted.type} in the struct")
        elif wanted.enum and not (served.enum and served.enum <= wanted.enum):
            wrong.append(f"{path}: the schema accepts more than the struct can decode")
        elif wanted.required and not served.required:
            wrong.append(f"{path}: required by the struct, but not by the schema")
    return wrong


READERS = [config._Spec, ako_config.Spec, ako_networks._Spec]

UNREAD = {
    "controlPlaneNetwork": "for the plugin that prepares networks",
    "dataNetwork.ipPools": "for the plugin that prepares networks",
    "extraConfigs.rbac": "PodSecurityPolicies left Kubernetes in 1.25",
    "plugins": "each entry is decoded by its plugin, strictly",
    "tenant.context": "without effect, as in the ancestor",
}


@pytest.mark.parametrize("reader", READERS)
def test_what_is_read_is_what_the_server_keeps(reader: type) -> None:
    schema = of_schema(_schema("akodeploymentconfigs", "spec"))
    assert unreadable(schema, of_struct(reader)) == []


def test_every_field_of_the_config_is_read_by_somebody() -> None:
    read = {path for reader in READERS for path in of_struct(reader)}
    unread = of_schema(_schema("akodeploymentconfigs", "spec")).keys() - read
    assert {path for path in unread if not path.startswith(tuple(UNREAD))} == set()
    assert {path for path in UNREAD if path not in unread} == set()


def test_differences_of_a_reader_are_seen() -> None:
    schema = {
        "text": Field("integer"),
        "choice": Field("string", enum=frozenset({"A", "B", "C"})),
        "must": Field("string"),
    }
    struct = {
        "text": Field("string"),
        "choice": Field("string", enum=frozenset({"A", "B"})),
        "must": Field("string", required=True),
        "gone": Field("string"),
    }
    assert unreadable(schema, struct) == [
        "text: integer in the schema, string in the struct",
        "choice: the schema accepts more than the struct can decode",
        "must: required by the struct, but not by the schema",
        "gone: not in the schema, so the server drops it",
    ]
    assert unreadable(struct, struct) == []


def test_the_status_of_a_config_is_kept_by_the_server() -> None:
    schema = of_schema(_schema("akodeploymentconfigs", "status"))
    fields = _without_root(of_struct(config.ConfigStatus))
    assert {path: field.type for path, field in fields.items()} == {
        path: schema[path].type for path in fields
    }
    assert _without_root(schema).keys() - fields.keys() == {"conditions[].severity"}


def test_columns_of_the_config() -> None:
    (version,) = _crd("akodeploymentconfigs")["spec"]["versions"]
    columns = [
        (column["name"].upper(), column["jsonPath"])
        for column in version["additionalPrinterColumns"]
        if not column.get("priority")
    ]
    assert columns == [
        ("CONTROLLER", ".spec.controller"),
        ("CLOUD", ".spec.cloudName"),
        ("CLUSTERS", ".status.clusters"),
        ("READY", ".status.ready"),
        ("USABLE", '.status.conditions[?(@.type=="Ready")].status'),
        ("REASON", '.status.conditions[?(@.type=="Ready")].reason'),
        ("AGE", ".metadata.creationTimestamp"),
    ]
    status = of_schema(_schema("akodeploymentconfigs", "status"))
    assert status["clusters"].type == status["ready"].type == "integer"


@pytest.mark.parametrize(
    ("name", "part", "kind"),
    [
        ("vsphereconnections", "spec", vsphere_connection.Spec),
        ("vsphereconnections", "status", vsphere_connection.Status),
        ("avitenants", "spec", avi_tenant.Spec),
        ("avitenants", "status", avi_tenant.Status),
        ("vsphereportgroups", "spec", vsphere_port_group.Spec),
        ("vsphereportgroups", "status", vsphere_status.Status),
    ],
)
def test_kinds_of_vsphere_are_their_schemas(name: str, part: str, kind: type) -> None:
    """Every field is served and read, and nothing that the server accepts is undecodable."""
    schema, struct = of_schema(_schema(name, part)), of_struct(kind)
    assert unreadable(schema, struct) == []
    assert schema.keys() == struct.keys()
    assert {path: field.enum for path, field in schema.items()} == {
        path: field.enum for path, field in struct.items()
    }


def test_policies_are_the_same_in_config_and_record() -> None:
    policies = _without_root(of_struct(config.Policies))
    schema = of_schema(_schema("akodeploymentconfigs", "spec"))
    assert {path: schema[path] for path in policies} == policies


@pytest.mark.parametrize("name", ["akodeploymentconfigs", "akodeployments", *sorted(VSPHERE)])
def test_what_others_look_for_on_our_crds(name: str) -> None:
    """clusterctl's discovery label, and the schema version the operator compares at start."""
    metadata = _crd(name)["metadata"]
    assert metadata["labels"]["clusterctl.cluster.x-k8s.io"] == ""
    assert metadata["annotations"] == {"akoo.io/schema-version": str(record.SCHEMA_VERSION)}
    spec = _crd(name)["spec"]
    assert metadata["name"] == f"{spec['names']['plural']}.{spec['group']}"
    assert spec["scope"] == "Cluster"
    assert spec["names"]["categories"] == ["akoo"]
    assert spec["versions"][0]["subresources"] == {"status": {}}


def test_columns_of_the_record() -> None:
    crd = _crd("akodeployments")
    assert crd["spec"]["group"] == names.GROUP
    columns = [
        column["name"].upper() for column in crd["spec"]["versions"][0]["additionalPrinterColumns"]
    ]
    assert columns == list(table.HEADS[1:])


def _undescribed(schema: dict[str, Any], path: str) -> Iterator[str]:
    for name, below in (schema.get("properties") or {}).items():
        inner = f"{path}.{name}"
        if not below.get("description") and inner not in (".apiVersion", ".kind", ".metadata"):
            yield inner
        yield from _undescribed(below, inner)
    for key, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(schema.get(key), dict):
            yield from _undescribed(schema[key], path + mark)


@pytest.mark.parametrize(
    "name",
    [
        "akodeploymentconfigs",
        "akodeployments",
        "avicontrollers",
        "aviippools",
        "avitenants",
        *sorted(VSPHERE),
    ],
)
def test_every_field_is_described(name: str) -> None:
    """`kubectl explain` shows no field without a description."""
    for version in _crd(name)["spec"]["versions"]:
        schema = version["schema"]["openAPIV3Schema"]
        assert list(_undescribed(schema, "")) == []
        assert schema["description"]
