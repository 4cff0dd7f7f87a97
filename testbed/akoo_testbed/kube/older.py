"""Cluster API before v1beta2: a client that speaks v1beta1 and shows objects as v1beta2.

The bed, the fake provider and tests write and read v1beta2. A release that serves v1beta1 alone
(1.10 and older) gets the same objects by this client. It converts the fields that the bed uses, and
no others.
"""

import collections.abc
import typing

from akoo_testbed import kubeapi
from akoo_testbed.building import recipes
from akoo_testbed.kubeapi import Object

GROUP = "cluster.x-k8s.io"
NEWER, OLDER = f"{GROUP}/v1beta2/", f"{GROUP}/v1beta1/"
FIRST_V1BETA2 = (1, 11)
"""The release of Cluster API that serves v1beta2 first."""

_REFERENCES = ("infrastructureRef", "controlPlaneRef")
_VERSIONS = {"infrastructure.cluster.x-k8s.io": "v1", "controlplane.cluster.x-k8s.io": "v1"}
"""The versions of the fake provider's kinds, which v1beta1 names in each reference."""


def client(kubeconfig: str, cluster_api: str) -> kubeapi.KubeApi:
    """A client for a management cluster with this release of Cluster API, a recipe's name."""
    release = recipes.minor_of(recipes.RECIPES[cluster_api].version)
    made = kubeapi.KubeApi if release >= FIRST_V1BETA2 else V1Beta1Api
    return made(kubeconfig)


class V1Beta1Api(kubeapi.KubeApi):
    """A KubeApi for which `cluster.x-k8s.io/v1beta2` is a view of what is served as v1beta1."""

    async def path(self, kind: str, namespace: str | None = None, name: str = "") -> str:
        if kind.startswith(NEWER):
            kind = OLDER + kind.removeprefix(NEWER)
        return await super().path(kind, namespace, name)

    async def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        params: dict[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Object:
        if path.startswith(f"/apis/{OLDER}") and isinstance(body, dict):
            space = path.partition("/namespaces/")[2].partition("/")[0]
            body = to_v1beta1(body, space)
        answer = await super().request(method, path, body, params=params, content_type=content_type)
        return self.shown(answer)

    def shown(self, obj: Object) -> Object:
        return to_v1beta2(obj)


def to_v1beta1(obj: Object, namespace: str) -> Object:
    """An object, or a merge patch of one, as v1beta1 has it. Pure."""
    made = dict(obj)
    if str(made.get("apiVersion", "")) + "/" == NEWER:
        made["apiVersion"] = OLDER.removesuffix("/")
    spec = made.get("spec")
    if isinstance(spec, dict):
        made["spec"] = _spec_to_v1beta1(spec, namespace)
    return made


def to_v1beta2(obj: Object) -> Object:
    """An object as v1beta2 shows it; of another group it stays as it is. Pure."""
    if str(obj.get("apiVersion", "")) + "/" != OLDER:
        return obj
    made: Object = obj | {"apiVersion": NEWER.removesuffix("/")}
    if "items" in made:
        made["items"] = [to_v1beta2(_named(obj, item)) for item in made["items"]]
    if isinstance(made.get("spec"), dict):
        made["spec"] = _references(made["spec"], _with_group)
    if isinstance(status := made.get("status"), dict):
        made["status"] = status | {
            "conditions": (status.get("v1beta2") or {}).get("conditions") or [],
            "initialization": {
                "infrastructureProvisioned": bool(status.get("infrastructureReady")),
                "controlPlaneInitialized": bool(status.get("controlPlaneReady")),
            },
        }
    return made


def _named(of: Object, item: Object) -> Object:
    """An item of a list, which does not repeat the version of the list."""
    return {"apiVersion": of["apiVersion"], **item}


def _spec_to_v1beta1(spec: Object, namespace: str) -> Object:
    made = _references(spec, lambda reference: _with_version(reference, namespace))
    rollout = made.pop("rollout", None)
    return made | ({"strategy": rollout["strategy"]} if rollout else {})


def _references(spec: Object, change: collections.abc.Callable[[Object], Object]) -> Object:
    """A spec with its references changed, those of its template's spec, too."""
    made = spec | {key: change(spec[key]) for key in _REFERENCES if isinstance(spec.get(key), dict)}
    inner: typing.Any = (spec.get("template") or {}).get("spec")
    if isinstance(inner, dict):
        made["template"] = spec["template"] | {"spec": _references(inner, change)}
    return made


def _with_version(reference: Object, namespace: str) -> Object:
    if "apiGroup" not in reference:
        return reference
    group = reference["apiGroup"]
    rest = {key: value for key, value in reference.items() if key != "apiGroup"}
    return rest | {"apiVersion": f"{group}/{_VERSIONS[group]}", "namespace": namespace}


def _with_group(reference: Object) -> Object:
    if "apiVersion" not in reference:
        return reference
    rest = {key: reference[key] for key in ("kind", "name") if key in reference}
    return rest | {"apiGroup": str(reference["apiVersion"]).partition("/")[0]}
