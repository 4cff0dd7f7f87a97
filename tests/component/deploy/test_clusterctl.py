"""The add-on provider, with a real clusterctl and a local repository: the objects of `akoo-core
manifests`, in any namespace."""

from __future__ import annotations

import copy
import pathlib
from typing import Any

import pytest
import yaml

from akoo_core.manifests import render
from hack import clusterctl as provider
from hack import generate
from tests.component.deploy.clusterctl_program import IMAGE, VERSION, Clusterctl

OWN_LABELS = ("cluster.x-k8s.io/provider", "clusterctl.cluster.x-k8s.io")
"""Labels that clusterctl adds to all objects of a provider."""

Object = dict[str, Any]


@pytest.fixture
def clusterctl(tmp_path: pathlib.Path) -> Clusterctl:
    return Clusterctl(tmp_path)


def _key(obj: Object) -> tuple[str, str]:
    return obj["kind"], obj["metadata"]["name"]


def _plain(obj: Object) -> Object:
    """``obj`` without the labels that clusterctl adds, and without what it fills in empty."""
    plain = copy.deepcopy(obj)
    labels = plain["metadata"].get("labels", {})
    for name in OWN_LABELS:
        labels.pop(name, None)
    if not labels:
        plain["metadata"].pop("labels", None)
    plain["metadata"].pop("creationTimestamp", None)
    if plain["kind"] == "CustomResourceDefinition":
        plain.pop("status", None)
    if plain["kind"].startswith("ValidatingAdmissionPolicy"):
        # It takes these kinds for namespaced. The API server clears the namespace.
        plain["metadata"].pop("namespace", None)
    return plain


@pytest.mark.parametrize("namespace", ["akoo-system", "load-balancers"])
def test_it_installs_what_manifests_prints(namespace: str, clusterctl: Clusterctl) -> None:
    chosen = {} if namespace == "akoo-system" else {"AKOO_NAMESPACE": namespace}
    made = {_key(obj): _plain(obj) for obj in clusterctl.objects(AKOO_IMAGE=IMAGE, **chosen)}
    installation = render.Installation(generate.plugins(generate.INSTALLED), namespace, IMAGE)
    wanted = {_key(obj): obj for obj in provider.components(render.objects(installation))}
    assert made.keys() == wanted.keys()
    different = [key for key, obj in wanted.items() if _text(made[key]) != _text(_plain(obj))]
    assert different == []
    (deployment,) = (obj for obj in made.values() if obj["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert (container["name"], container["image"]) == ("manager", IMAGE)


def _text(obj: Object) -> str:
    """The object without empty values, which clusterctl adds and drops."""
    return yaml.dump(_filled(obj), Dumper=yaml.CSafeDumper)


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        inner = {key: _filled(each) for key, each in value.items()}
        return {key: each for key, each in inner.items() if each not in (None, {}, [])}
    if isinstance(value, list):
        return [_filled(each) for each in value]
    return value


def test_an_image_has_to_be_named(clusterctl: Clusterctl) -> None:
    """None is published."""
    done = clusterctl.run("generate", "provider", "--addon", f"akoo:{VERSION}")
    assert done.returncode != 0
    assert "value for variables [AKOO_IMAGE] is not set" in done.stderr
