"""Whether the API server has our kinds, with the fields we write.

An older CRD would drop our newer fields in silence, so it counts as missing.
"""

from __future__ import annotations

from akoo_core import errors
from akoo_core.kube import client
from akoo_core.kube import errors as kube_errors
from akoo_core.kube import resource as resources
from akoo_core.kube.resource import Resource

SCHEMA_ANNOTATION = "akoo.io/schema-version"
"""On our CRDs: a whole number that is raised when a field is added."""
SCHEMA_VERSION = 1
"""The least that this code needs. deploy/crds must carry at least this."""

APPLY = "Apply deploy/crds first: kubectl apply -k deploy/crds"
OWN = (resources.AKO_DEPLOYMENT_CONFIGS, resources.AKO_DEPLOYMENTS)


async def check_crds(kube: client.KubeClient) -> None:
    """Return when all is there. Raises NotReadyError (CRDsMissing, CRDsOutdated), or KubeError."""
    for resource in OWN:
        await _check(kube, resource)


async def _check(kube: client.KubeClient, resource: Resource) -> None:
    try:
        crd = await kube.get(resources.CUSTOM_RESOURCE_DEFINITIONS, resource.qualified)
    except kube_errors.NotFoundError as error:
        message = f"the API server has no {resource.kind}. {APPLY}"
        raise errors.NotReadyError("CRDsMissing", message) from error
    versions = [v["name"] for v in crd["spec"]["versions"] if v.get("served")]
    if resource.version not in versions:
        message = f"the API server serves no {resource.version} of {resource.kind}. {APPLY}"
        raise errors.NotReadyError("CRDsOutdated", message)
    found = _schema_version(crd)
    if found < SCHEMA_VERSION:
        message = (
            f"the {resource.kind} of the API server is older than this akoo-core (schema {found}, "
            f"needed {SCHEMA_VERSION}): it would drop fields. {APPLY}"
        )
        raise errors.NotReadyError("CRDsOutdated", message)
    if not _established(crd):
        message = f"{resource.kind} is not Established yet"
        raise errors.NotReadyError("CRDsNotEstablished", message)


def _schema_version(crd: client.Object) -> int:
    annotations = crd["metadata"].get("annotations") or {}
    text = str(annotations.get(SCHEMA_ANNOTATION, "0"))
    return int(text) if text.isdecimal() else 0


def _established(crd: client.Object) -> bool:
    conditions = (crd.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)
