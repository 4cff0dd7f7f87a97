"""The files of an add-on provider of clusterctl, made of the same objects as `akoo-core manifests`.

clusterctl replaces variables before it reads the objects, so that the namespace can be chosen where
clusterctl itself would not change it: in the expressions of admission policies.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable

import yaml

import akoo_core
from akoo_core.manifests import render
from akoo_core.manifests.packaged import Object
from akoo_core.objects import names
from akoo_core.plugin import api

NAMESPACE = "${AKOO_NAMESPACE:=akoo-system}"
IMAGE = "${AKOO_IMAGE}"
"""Has no default: no image is published."""
CONTRACT = "v1beta2"
MANAGER = "manager"
"""The name that clusterctl's contract gives the container of a provider."""
KEPT = "akoo.io/keep"
"""Finalizer of the policies: clusterctl deletes them with the provider, and without them anybody
may delete the records that are left. The API server enforces a policy that is being deleted."""


def files(plugins: tuple[api.Plugin, ...]) -> dict[str, str]:
    """The text of each file, by its name."""
    objects = render.objects(render.Installation(plugins, NAMESPACE, IMAGE))
    return {
        "addon-components.yaml": render.text(components(objects)),
        "metadata.yaml": yaml.safe_dump(_metadata(), sort_keys=False),
    }


def components(objects: Iterable[Object]) -> list[Object]:
    """The objects as a provider: its container has the name of clusterctl's contract, `clusterctl
    delete` leaves the policies, and an upgrade ends the permission to upgrade."""
    made = copy.deepcopy(list(objects))
    for obj in made:
        if obj["kind"].startswith("ValidatingAdmissionPolicy"):
            obj["metadata"]["finalizers"] = [KEPT]
        if obj["kind"] == "Namespace":
            obj["metadata"].setdefault("annotations", {})[names.UPGRADING_ANNOTATION] = "false"
        if obj["kind"] == "Deployment":
            template = obj["spec"]["template"]
            (container,) = template["spec"]["containers"]
            container["name"] = MANAGER
            template["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] = MANAGER
    return made


def _metadata() -> Object:
    major, minor = akoo_core.__version__.split(".")[:2]
    return {
        "apiVersion": "clusterctl.cluster.x-k8s.io/v1alpha3",
        "kind": "Metadata",
        "releaseSeries": [{"major": int(major), "minor": int(minor), "contract": CONTRACT}],
    }
