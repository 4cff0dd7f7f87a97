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
from akoo_core.plugin import api

NAMESPACE = "${AKOO_NAMESPACE:=akoo-system}"
IMAGE = "${AKOO_IMAGE}"
"""Has no default: no image is published."""
CONTRACT = "v1beta2"
MANAGER = "manager"
"""The name that clusterctl's contract gives the container of a provider."""


def files(plugins: tuple[api.Plugin, ...]) -> dict[str, str]:
    """The text of each file, by its name."""
    objects = render.objects(render.Installation(plugins, NAMESPACE, IMAGE))
    return {
        "addon-components.yaml": render.text(components(objects)),
        "metadata.yaml": yaml.safe_dump(_metadata(), sort_keys=False),
    }


def components(objects: Iterable[Object]) -> list[Object]:
    """The objects with the name that clusterctl's contract gives the container."""
    made = copy.deepcopy(list(objects))
    for obj in made:
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
