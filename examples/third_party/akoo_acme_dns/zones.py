"""The controller of DNSZones: its status says whether a zone can be used.

Observes DNSZones and the Secrets with their transfer keys. Writes the status of DNSZones, and only
when it changes. Nothing here uses the keys: a zone needs one that exists.
"""

from __future__ import annotations

from akoo_acme_dns import domains
from akoo_core.plugin import api, kube
from akoo_core.plugin.errors import BlockedError
from akoo_core.plugin.kube import Resource

DNS_ZONES = Resource("dns.acme.example", "v1", "dnszones", "DNSZone", namespaced=False)
KEY = "key"
"""Of the Secret with a transfer key."""
RIGHTS = (
    api.RbacRule(
        groups=(DNS_ZONES.group,), resources=("dnszones",), verbs=("get", "list", "watch")
    ),
    api.RbacRule(groups=(DNS_ZONES.group,), resources=("dnszones/status",), verbs=("patch",)),
)


def registration() -> api.ControllerRegistration:
    """The controller of DNSZones."""
    return api.ControllerRegistration(
        name="zones",
        watches=(DNS_ZONES,),
        writes=(DNS_ZONES,),
        keys=lambda _, zone: (zone["metadata"]["name"],),
        reconcile=reconcile,
        secrets=needed,
    )


def needed(zone: kube.Object) -> tuple[tuple[str, str], ...]:
    """The Secret that a zone names: when it changes, the zone is judged again. Pure."""
    ref = zone["spec"].get("transferKey")
    return ((ref["namespace"], ref["name"]),) if ref else ()


async def reconcile(request: api.Request, ctx: api.ControllerContext) -> api.Result:
    """Judge one zone."""
    try:
        zone = await ctx.kube.get(DNS_ZONES, request.key)
    except kube.NotFoundError:
        return api.Done()
    status = judge(zone, await missing(zone, ctx.secrets))
    current = zone.get("status") or {}
    if {name: current.get(name) for name in status} != status:
        version = {"resourceVersion": zone["metadata"]["resourceVersion"]}
        patch = {"metadata": version, "status": status}
        await ctx.kube.merge_patch(DNS_ZONES, request.key, patch, subresource="status")
        ctx.log.info("zone judged", extra={"ready": status["ready"]})
    return api.Done()


async def missing(zone: kube.Object, secrets: api.SecretReader) -> str:
    """The reason why the transfer key of a zone cannot be read, or ""."""
    for namespace, name in needed(zone):
        source = api.SecretSource(namespace=namespace, name=name, key=KEY)
        try:
            await secrets.read(source)
        except BlockedError as error:
            return str(error)
    return ""


def judge(zone: kube.Object, without: str = "") -> kube.Object:
    """The status that a zone should have; pure. ``without``: why its key cannot be read."""
    problem = domains.problem(zone["spec"]["domain"]) or without
    return {
        "ready": not problem,
        "message": problem or "can be used",
        "observedGeneration": zone["metadata"].get("generation", 1),
    }
