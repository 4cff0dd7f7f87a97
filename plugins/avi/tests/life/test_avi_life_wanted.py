"""The wishes of a config; AviControllers; names that are near; options and settings."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_avi.client.access import implicit, nearest, refusal
from akoo_avi.plugin import AviPlugin
from akoo_avi.spec import config, placement, resources, wanted
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import structs
from akoo_core.plugin import api
from akoo_core.testing import builders, verbs

World = Any


def declared(name: str = "main", *, address: str = "avi.example.com", **metadata: Any) -> Any:
    """An AviController."""
    return {
        "apiVersion": "akoo.io/v1alpha1",
        "kind": "AviController",
        "metadata": {"name": name, **metadata},
        "spec": {
            "address": address,
            "credentialRef": {"namespace": "avi", "name": "admin"},
            "caRef": {"namespace": "avi", "name": "ca"},
        },
    }


def with_controllers(avi_world: World, *objects: Any, named: str = "main") -> World:
    return avi_world(
        {"controller": "not-this-one.example.com", "adminCredentialRef": {}},
        plugins={"avi": {"controller": named}},
        management=objects,
        resources=(resources.AVI_CONTROLLERS,),
    )


class TestAviControllers:
    def test_it_says_how_to_get_there_and_is_used(self, avi_world: World) -> None:
        world = with_controllers(avi_world, declared())
        assert isinstance(world.settled(), api.Done)
        assert world.stored.reach.address == "avi.example.com"
        (use,) = world.call("intend").uses
        (obj,) = world.management.objects(resources.AVI_CONTROLLERS)
        assert (use.resource, use.name) == (resources.AVI_CONTROLLERS, "main")
        assert use.uid == obj["metadata"]["uid"]

    def test_its_new_address_is_followed(self, avi_world: World) -> None:
        world = with_controllers(avi_world, declared())
        world.settled()
        placed = world.spec.intents["avi"].placement
        world.addresses["avi-2.example.com"] = world.avi
        client = world.management.client()
        patch = {"spec": {"address": "avi-2.example.com"}}
        world.run(client.merge_patch(resources.AVI_CONTROLLERS, "main", patch))
        assert isinstance(world.settled(), api.Done)
        assert world.stored.reach.address == "avi-2.example.com"
        assert world.spec.intents["avi"].placement == placed

    def test_one_that_is_not_there(self, avi_world: World) -> None:
        answer = with_controllers(avi_world, declared(), named="mian").call("prepare")
        assert answer.reason == "AviControllerNotFound"
        assert "nearest names: main" in answer.message
        assert "spec.plugins.avi.controller of AKODeploymentConfig/default" in answer.message

    def test_one_that_is_being_deleted(self, avi_world: World) -> None:
        world = with_controllers(avi_world, declared(finalizers=["akoo.io/test"]))
        client = world.management.client()
        world.run(client.delete(resources.AVI_CONTROLLERS, "main"))
        assert world.call("prepare").reason == "AviControllerDeleting"


def view_of(spec: dict[str, Any], **record: Any) -> api.View:
    return api.View(
        record_name="akoo-1",
        spec=builders.record_spec(**record),
        cluster=None,
        config=builders.config(spec),
    )


MINIMAL = {
    "controller": "avi",
    "cloudName": "c",
    "serviceEngineGroup": "s",
    "adminCredentialRef": {"namespace": "n", "name": "a"},
}


@pytest.mark.parametrize(
    ("controller", "address"),
    [
        ("avi.example.com", "avi.example.com"),
        (" https://avi.example.com:8443/ ", "avi.example.com:8443"),
        ("HTTPS://10.0.0.1/login", "10.0.0.1"),
        ("fd00::1", "fd00::1"),
    ],
)
def test_addresses(controller: str, address: str) -> None:
    assert implicit.address(controller) == address


def test_absent_null_and_empty_are_the_same() -> None:
    shells = {
        "tenant": {},
        "dataNetwork": {"name": "", "cidr": None},
        "certificateAuthorityRef": {},
    }
    assert wanted.of_view(view_of(MINIMAL | shells)) == wanted.of_view(view_of(MINIMAL))


def test_pools_that_are_empty_are_not_absent() -> None:
    network = {"name": "vip"}
    absent = config.decode(builders.config({"dataNetwork": network}))
    empty = config.decode(builders.config({"dataNetwork": network | {"ipPools": []}}))
    null = config.decode(builders.config({"dataNetwork": network | {"ipPools": None}}))
    assert absent.data_network.ip_pools is None
    assert null == absent
    assert empty.data_network.ip_pools == ()


def test_a_config_without_an_account_is_refused() -> None:
    with pytest.raises(refusal.Refusal, match=r"spec\.adminCredentialRef"):
        wanted.of_view(view_of(MINIMAL | {"adminCredentialRef": {"name": "x"}}))


def test_a_field_of_another_type_is_told_by_its_path() -> None:
    with pytest.raises(refusal.Refusal, match=r"spec\.tenant"):
        wanted.of_view(view_of(MINIMAL | {"tenant": "blue"}))


TEXT = st.text(st.sampled_from("abAB-1"), max_size=6)


class TestNearest:
    @given(TEXT, st.lists(TEXT, max_size=8))
    def test_only_what_exists_and_at_most_three(self, asked: str, existing: list[str]) -> None:
        suggested = nearest.names(asked, existing)
        assert set(suggested) <= set(existing)
        assert len(suggested) == len(set(suggested)) <= nearest.MOST
        assert "" not in suggested

    @given(TEXT.filter(bool))
    def test_upper_and_lower_case_count_alike(self, name: str) -> None:
        assert nearest.names(name.swapcase(), [name]) == (name,)

    def test_in_words(self) -> None:
        assert nearest.sentence("x", []) == "There is none that our user can see."
        assert nearest.sentence("vip", ["vip1"]) == "nearest names: vip1."
        many = ["alpha", "beta", "gamma", "delta"]
        assert nearest.sentence("x", many) == "There are: alpha, beta, delta and 1 more."


PLACES = st.builds(
    placement.Place,
    controller_uuid=st.sampled_from(["a", "b"]),
    cloud_uuid=st.sampled_from(["a", "b"]),
    tenant_uuid=st.sampled_from(["a", "b"]),
    se_group_uuid=st.sampled_from(["a", "b"]),
)


@given(PLACES, PLACES)
def test_places_are_equal_as_their_texts_are(
    place: placement.Place, other: placement.Place
) -> None:
    assert (place == other) == (place.identity == other.identity)


def test_an_unknown_option_is_an_error_with_its_path(avi_world: World) -> None:
    world = avi_world(plugins={"avi": {"contoller": "main"}})
    with pytest.raises(structs.DecodeError, match=r"spec\.plugins\.avi"):
        verbs.view_of(verbs.named(AviPlugin()), world)
