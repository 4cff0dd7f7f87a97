"""Bad input of both kinds: each refusal names the field and the cure, and a good object passes."""

from __future__ import annotations

import itertools
import pathlib
from typing import Any

import pytest
import yaml
from akoo_vsphere.spec import connection, names, port_group, refusal, settings, vlan
from hypothesis import given
from hypothesis import strategies as st

from akoo_core.plugin import structs
from tests.vsphere import vsphere_corpus as corpus
from tests.vsphere import vsphere_model as model

Json = dict[str, Any]
CRDS = pathlib.Path(__file__).parents[3] / "deploy" / "crds"


def refused_group(spec: Json, **metadata: Any) -> str:
    with pytest.raises(refusal.Refusal) as caught:
        port_group.check(model.group(spec, **metadata))
    assert caught.value.reason == "InvalidSpec"
    return str(caught.value)


@pytest.mark.parametrize("name", corpus.GOOD_GROUPS)
def test_good_port_groups(name: str) -> None:
    port_group.check(model.group(corpus.GOOD_GROUPS[name]))


@pytest.mark.parametrize("name", corpus.BAD_GROUPS)
def test_bad_port_groups(name: str) -> None:
    bad = corpus.BAD_GROUPS[name]
    try:
        message = refused_group(bad.spec, **bad.metadata)
    except structs.DecodeError as error:
        message = f"{error.path}: {error.problem}"
    assert message.startswith(bad.field), message
    assert bad.cure in message


@pytest.mark.parametrize("name", corpus.GOOD_CONNECTIONS)
def test_good_connections(name: str) -> None:
    connection.from_object(corpus.connection(corpus.GOOD_CONNECTIONS[name]))


@pytest.mark.parametrize("name", corpus.BAD_CONNECTIONS)
def test_bad_connections(name: str) -> None:
    bad = corpus.BAD_CONNECTIONS[name]
    with pytest.raises(refusal.Refusal) as caught:
        connection.from_object(corpus.connection(bad.spec))
    message = str(caught.value)
    assert message.startswith(f"{bad.field}: ")
    assert bad.cure in message


def test_a_password_in_an_address_is_not_quoted() -> None:
    with pytest.raises(refusal.Refusal) as caught:
        connection.from_object(corpus.connection({"address": "admin:hunter2@vc.example.com"}))
    assert "hunter2" not in str(caught.value)


def test_a_kind_of_vlan_that_this_release_does_not_know_is_refused() -> None:
    """An older operator meets a newer object: it must not take it for an inherited VLAN."""
    assert refused_group({"vlan": {"vxlan": 5000}}).startswith("spec.vlan: sets none or several")


def test_fields_of_a_newer_schema_are_ignored_elsewhere() -> None:
    port_group.check(model.group({"newer": {"field": 1}}))


def test_all_that_is_optional_may_be_absent() -> None:
    group = model.group()
    assert settings.leaves(group.desired) == {"portGroupName": "edge"}
    assert (group.spec.change_policy, group.spec.adoption_policy) == ("WhenUnused", "Never")
    assert group.retains is False


@pytest.mark.parametrize(
    ("policy", "provenance", "retains"),
    [
        (None, "Created", False),
        (None, "Adopted", True),
        ("Delete", "Adopted", False),
        ("Retain", "Created", True),
    ],
)
def test_the_effective_deletion_policy(policy: Any, provenance: Any, retains: bool) -> None:
    status = model.recorded(provenance=provenance)
    spec = {"deletionPolicy": policy} if policy else {}
    assert model.group(spec, status=status).retains is retains


RANGES = st.builds(
    lambda start, length: vlan.Range(start=start, end=min(start + length, vlan.LAST)),
    st.integers(0, vlan.LAST),
    st.integers(0, 40),
)


@given(st.lists(RANGES, max_size=12))
def test_a_trunk_in_its_only_spelling(spans: list[vlan.Range]) -> None:
    """The same ids, sorted, with a gap between any two ranges."""
    normal = vlan.normal(spans)
    ids = {number for span in spans for number in range(span.start, span.end + 1)}
    assert [number for span in normal for number in range(span.start, span.end + 1)] == sorted(ids)
    assert all(left.end + 1 < right.start for left, right in itertools.pairwise(normal))


@given(st.lists(RANGES, min_size=1, max_size=8))
def test_a_trunk_is_refused_exactly_if_a_vlan_is_named_twice(spans: list[vlan.Range]) -> None:
    ids = [number for span in spans for number in range(span.start, span.end + 1)]
    trunk = vlan.Vlan(trunk=tuple(spans))
    if len(ids) == len(set(ids)):
        vlan.check(trunk, "spec.vlan")
        return
    with pytest.raises(refusal.Refusal, match=r"spec\.vlan\.trunk: .* overlap"):
        vlan.check(trunk, "spec.vlan")


@given(st.text("a/\\%2fF5cC", max_size=12))
def test_names_are_decoded_as_vcenter_encodes_them(name: str) -> None:
    escaped = name.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c")
    assert names.decoded(escaped) == name
    assert names.decoded(escaped.replace("%2f", "%2F")) == name


def schema(kind: str) -> Json:
    (version,) = yaml.safe_load((CRDS / f"{kind}.yaml").read_text())["spec"]["versions"]
    properties: Json = version["schema"]["openAPIV3Schema"]["properties"]
    return properties


def test_defaults_of_the_crd_are_those_of_the_struct() -> None:
    served = {
        key: field["default"]
        for key, field in schema("vsphereportgroups")["spec"]["properties"].items()
        if "default" in field
    }
    kept = {field.key: field.default for field in structs.fields(port_group.Spec)}
    assert served == {"adoptionPolicy": "Never", "driftPolicy": "Repair"} | {
        "changePolicy": "WhenUnused"
    }
    assert {key: kept[key] for key in served} == served
