"""The question whether anybody else uses a clusterName that akoo-core did not make. Only reads.

AKO's own default is ``my-cluster``, and no mark tells two AKOs of one name apart. So every object
in the cluster's tenant and cloud with that name must have been made for a Service, Ingress, Gateway
or infra setting of this cluster. Only the cluster's own tenant is judged: whoever writes to the
workload cluster can make objects there with any name, and AKO can write to that tenant only.
"""

from __future__ import annotations

import functools
from typing import Final

from akoo_avi.client import AviClient
from akoo_avi.connect import bounded
from akoo_avi.ownership import claim, inventory, kinds, marks, origins, references
from akoo_avi.ownership.origins import MarkedObject, Origin
from akoo_avi.spec import names, placement
from akoo_core.plugin import api, structs
from akoo_core.plugin.kube import (
    ForbiddenError,
    KubeClient,
    KubeError,
    NotFoundError,
    Resource,
)

PAGES: Final = 20
PAGE: Final = 500
"""Of more objects of one kind nobody knows all: the name is not shown to be exclusive."""
NAMED: Final = 5
"""Objects that a fact names."""
NAMED_LIMIT: Final = 256
"""Characters of each of them."""
_GATEWAY_GROUP: Final = "gateway.networking.k8s.io"
_KINDS: Final = {
    origins.SERVICE: (Resource("", "v1", "services", origins.SERVICE),),
    origins.INGRESS: (Resource("networking.k8s.io", "v1", "ingresses", origins.INGRESS),),
    origins.ROUTE: (Resource("route.openshift.io", "v1", "routes", origins.ROUTE),),
    origins.GATEWAY: tuple(
        Resource(_GATEWAY_GROUP, version, "gateways", origins.GATEWAY)
        for version in ("v1", "v1beta1")
    ),
    origins.HTTP_ROUTE: tuple(
        Resource(_GATEWAY_GROUP, version, "httproutes", origins.HTTP_ROUTE)
        for version in ("v1", "v1beta1")
    ),
    origins.INFRA_SETTING: tuple(
        Resource("ako.vmware.com", version, "aviinfrasettings", origins.INFRA_SETTING, False)
        for version in ("v1beta1", "v1alpha1")
    ),
}
"""Versions of each kind, the newest first; the first that is served is read."""


def kept(view: api.View, stored: placement.Stored) -> tuple[api.Fact, ...]:
    """The last answer as facts; () for none. Pure. A proof counts for its place alone; that others
    use the name counts until it is compared anew."""
    name = stored.cluster_name
    if names.made_by_us(name):
        return ()
    known = placement.name_exclusive(view, stored.place)
    if known is not None:
        return known, api.ClusterNameUse(name=name, exclusive=True)
    use = view.fact(api.ClusterNameUse)
    return (use,) if use is not None and use.name == name and not use.exclusive else ()


async def look(
    ctx: api.VerbContext, avi: AviClient, stored: placement.Stored
) -> tuple[api.Fact, ...]:
    """The answer as facts; () for a name that akoo-core made, and where nothing could be
    compared. Called by observe: prepare has no workload cluster. Where that does not answer, the
    last answer counts. Raises AviErrors."""
    name = stored.cluster_name
    known = names.made_by_us(name) or placement.name_exclusive(ctx.view, stored.place) is not None
    if known or ctx.workload is None:
        return kept(ctx.view, stored)
    marked, elsewhere = await _marked(avi, stored)
    there: set[Origin] = set()
    unread: list[str] = []
    for kind in sorted(origins.kinds_of(marked)):
        try:
            read = await _names(ctx.workload, kind)
        except (KubeError, TimeoutError) as error:
            ctx.log.info(
                "the cluster's objects cannot be compared now", extra={"error": str(error)}
            )
            return kept(ctx.view, stored)
        there |= read or set()
        unread += [] if read is not None else [f"not every {kind} of the cluster could be read"]
    strangers = (*elsewhere, *(unread or origins.strangers(marked, frozenset(there))))
    if strangers:
        return _shared(name, strangers)
    shown = placement.AviNameExclusive(
        identity=stored.place.identity, tenant_uuid=stored.place.tenant_uuid, objects=len(marked)
    )
    return shown, api.ClusterNameUse(name=name, exclusive=True)


async def not_compared(avi: AviClient, stored: placement.Stored) -> api.ClusterNameUse:
    """The answer where the cluster cannot be asked: all objects of this name may be somebody
    else's. Raises AviErrors."""
    marked, elsewhere = await _marked(avi, stored)
    listed = (*elsewhere, *sorted(obj.label for obj in marked))
    return api.ClusterNameUse(
        name=stored.cluster_name,
        exclusive=False,
        objects=tuple(line[:NAMED_LIMIT] for line in listed[:NAMED]),
        count=len(listed),
    )


def _shared(name: str, strangers: tuple[str, ...]) -> tuple[api.Fact, ...]:
    use = api.ClusterNameUse(
        name=name,
        exclusive=False,
        objects=tuple(line[:NAMED_LIMIT] for line in strangers[:NAMED]),
        count=len(strangers),
    )
    return (use,)


async def _marked(
    avi: AviClient, stored: placement.Stored
) -> tuple[tuple[MarkedObject, ...], tuple[str, ...]]:
    """The objects of this name in the tenant of the cluster, and those in another cloud."""
    mark = marks.of(stored.cluster_name, stored.place.cloud_uuid, (stored.place.tenant_uuid,))
    reads = [functools.partial(_of_kind, avi, kind, mark) for kind in kinds.KINDS]
    answers = await bounded.run(reads, width=inventory.WIDTH)
    return (
        tuple(obj for objects, _ in answers for obj in objects),
        tuple(line for _, lines in answers for line in lines),
    )


async def _of_kind(
    avi: AviClient, kind: kinds.AviKind, mark: marks.Mark
) -> tuple[list[MarkedObject], list[str]]:
    params = {
        "label_key": names.CLUSTER_MARKER,
        "label_value": mark.cluster_name,
        "include_name": "true",
    }
    bodies = await avi.list(kind.path, params=params)
    inside = [
        body
        for body in bodies
        if marks.in_tenant(mark, body) and not (kind.path == claim.KIND and claim.is_claim(body))
    ]
    judged = [(body, inventory.judge_object(kind.path, body, mark)) for body in inside]
    far = [
        f"{obj} is in another cloud"
        for body, obj in judged
        if kind.cloud_scoped and references.uuid_of(body.get("cloud_ref")) != mark.cloud_uuid
    ]
    own = [
        MarkedObject(key=obj.key, label=str(obj), targets=obj.targets, origins=origins.of(body))
        for body, obj in judged
        if obj.verdict.kind == "own"
    ]
    return own, far


async def _names(kube: KubeClient, kind: str) -> set[Origin] | None:
    """The objects of a kind; none where it is not served. None: they could not all be read."""
    for resource in _KINDS[kind]:
        try:
            return await _listed(kube, resource)
        except NotFoundError:
            continue
        except ForbiddenError:
            return None
    return set()


async def _listed(kube: KubeClient, resource: Resource) -> set[Origin] | None:
    seen: set[Origin] = set()
    token = ""
    for _ in range(PAGES):
        page = await kube.list(resource, limit=PAGE, token=token, metadata_only=True)
        seen |= {_origin(resource.kind, obj) for obj in page.items}
        token = page.token
        if not token:
            return seen
    return None


def _origin(kind: str, obj: structs.JSON) -> Origin:
    metadata = obj["metadata"]
    return Origin(kind, str(metadata.get("namespace") or ""), str(metadata["name"]))
