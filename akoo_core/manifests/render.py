"""Makes the objects of an installation, ready for ``kubectl apply --server-side``. Pure.

::

    namespace   the operator's namespace
    crds        definitions of the core and of the plugins, and what else a plugin brings
    rbac        ServiceAccount, roles that core and plugins declare, bindings, roles for people
    policies    admission policies that limit the deletion of records and definitions
    deployment  settings, Deployment, disruption budget, network policy
    all         all of that
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple, get_args

import yaml

from akoo_core import errors
from akoo_core.kube.resource import Resource
from akoo_core.manifests import packaged, people
from akoo_core.manifests.packaged import Object
from akoo_core.plugin import api
from akoo_core.plugin_host import rbac

Part = Literal["all", "namespace", "crds", "rbac", "policies", "deployment"]
PARTS: tuple[Part, ...] = get_args(Part)

DEFAULT_NAMESPACE = "akoo-system"
"""The namespace in the packaged files."""
SETTINGS_HASH = "akoo.io/settings-hash"
"""Annotation of the Pods: a change of the settings rolls the Deployment."""
SETTINGS = "akoo-core-config"
"""Name of the ConfigMap with the settings."""


WITHOUT_SETTINGS: tuple[Part, ...] = ("namespace", "crds", "policies")
"""Parts that need the classes of plugins only."""

AnyPlugin = api.Plugin | type[api.Plugin]


class Installation(NamedTuple):
    """One installation: its plugins, and the choices that the manifests depend on."""

    plugins: tuple[AnyPlugin, ...]
    """Made plugins; classes suffice for the parts WITHOUT_SETTINGS."""
    namespace: str = DEFAULT_NAMESPACE
    image: str = ""
    """With registry and tag or digest. Only the Deployment needs it."""
    settings: str = ""
    """YAML text of the settings. "": the plugins and the port of the probes, nothing else."""


def objects(installation: Installation, part: Part = "all") -> tuple[Object, ...]:
    """The objects of a part, in the order in which they can be applied.

    Raises InputError where the Deployment has no image, or a plugin's manifests cannot be read.
    """
    made: list[Object] = []
    if part in {"all", "namespace"}:
        made += _operator("namespace")
    if part in {"all", "crds"}:
        made += _crds(installation)
    if part in {"all", "rbac"}:
        made += _rbac(installation)
    if part in {"all", "policies"}:
        made += packaged.read(packaged.core_folder("policies"))
    if part in {"all", "deployment"}:
        made += _deployment(installation)
    return tuple(_placed(each, installation.namespace) for each in made)


def text(made: Iterable[Object]) -> str:
    """The objects as one YAML stream."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return yaml.dump_all(made, Dumper=dumper, sort_keys=False, explicit_start=True)


def default_settings(plugins: Iterable[api.Plugin]) -> str:
    """Settings that select these plugins."""
    names = sorted(plugin.name for plugin in plugins)
    return yaml.safe_dump({"enabledPlugins": names or ["none"], "health": {"port": 8081}})


def _crds(installation: Installation) -> list[Object]:
    folders = packaged.folders(installation.plugins)
    return [each for folder in folders for each in packaged.read(folder)]


def _rbac(installation: Installation) -> list[Object]:
    kinds = [kind(each) for each in _crds(installation) if _is_definition(each)]
    return [
        *_operator("serviceaccount"),
        *rbac.manifests(_made(installation), namespace=installation.namespace),
        *_operator("bindings"),
        *people.roles(kinds),
    ]


def _made(installation: Installation) -> tuple[api.Plugin, ...]:
    return tuple(each for each in installation.plugins if isinstance(each, api.Plugin))


def _deployment(installation: Installation) -> list[Object]:
    if not installation.image:
        raise errors.InputError(
            "no image is published yet. Build one (deploy/image) and name it: "
            "--image REGISTRY/akoo-core:TAG"
        )
    settings = installation.settings or default_settings(_made(installation))
    (deployment,) = _operator("deployment")
    template = deployment["spec"]["template"]
    digest = hashlib.sha256(settings.encode()).hexdigest()[:16]
    template["metadata"]["annotations"][SETTINGS_HASH] = digest
    (container,) = template["spec"]["containers"]
    container["image"] = installation.image
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": SETTINGS, "labels": {"app.kubernetes.io/name": rbac.NAME}},
        "data": {"config.yaml": settings},
    }
    rest = [
        *_operator("poddisruptionbudget"),
        *_operator("networkpolicy"),
    ]
    return [config_map, deployment, *rest]


def _operator(name: str) -> list[Object]:
    file = packaged.core_folder("operator") / f"{name}.yaml"
    return list(packaged.documents(file))


_NAMESPACED = frozenset(
    ("ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "Role", "RoleBinding")
) | {"ServiceAccount"}


def _placed(obj: Object, namespace: str) -> Object:
    """``obj`` in that namespace, also where a text names it."""
    placed: Object = _renamed(copy.deepcopy(obj), namespace)
    if placed["kind"] in _NAMESPACED:
        placed["metadata"]["namespace"] = namespace
    if placed["kind"] == "Namespace":
        placed["metadata"]["name"] = namespace
    return placed


def _renamed(value: Any, namespace: str) -> Any:
    """``value`` with the account of another namespace, in subjects and in expressions."""
    if isinstance(value, dict):
        if value.get("kind") == "ServiceAccount" and value.get("namespace") == DEFAULT_NAMESPACE:
            value = value | {"namespace": namespace}
        return {key: _renamed(inner, namespace) for key, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner, namespace) for inner in value]
    if isinstance(value, str):
        return value.replace(
            f"system:serviceaccount:{DEFAULT_NAMESPACE}:", f"system:serviceaccount:{namespace}:"
        )
    return value


def _is_definition(obj: Object) -> bool:
    return bool(obj["kind"] == "CustomResourceDefinition")


def kind(crd: Object) -> Resource:
    """The kind that a definition defines."""
    spec = crd["spec"]
    return Resource(spec["group"], "", spec["names"]["plural"], spec["names"]["kind"])
