"""The controller of DNSZones: says of each whether it can be used.

observes DNSZones; writes their status, and only when it says something new.
"""

from __future__ import annotations

from akoo_acme_dns import domains
from akoo_core.kube import client, errors
from akoo_core.kube.resource import Resource
from akoo_core.plugins import api

DNS_ZONES = Resource("dns.acme.example", "v1", "dnszones", "DNSZone", namespaced=False)
RIGHTS = (
    api.RbacRule(
        groups=(DNS_ZONES.group,), resources=("dnszones",), verbs=("get", "list", "watch")
    ),
    api.RbacRule(groups=(DNS_ZONES.group,), resources=("dnszones/status",), verbs=("patch",)),
)


def registration() -> api.ControllerRegistration:
    """What the operator is to run."""
    return api.ControllerRegistration(
        name="zones",
        watches=(DNS_ZONES,),
        writes=(DNS_ZONES,),
        keys=lambda _, zone: (zone["metadata"]["name"],),
        reconcile=reconcile,
    )


async def reconcile(request: api.Request, ctx: api.ControllerContext) -> api.Result:
    """Judge one zone."""
    try:
        zone = await ctx.kube.get(DNS_ZONES, request.key)
    except errors.NotFoundError:
        return api.Done()
    status = judge(zone)
    if zone.get("status") != status:
        version = {"resourceVersion": zone["metadata"]["resourceVersion"]}
        patch = {"metadata": version, "status": status}
        await ctx.kube.merge_patch(DNS_ZONES, request.key, patch, subresource="status")
    return api.Done()


def judge(zone: client.Object) -> client.Object:
    """The status that a zone should have; pure."""
    problem = domains.problem(zone["spec"]["domain"])
    return {
        "ready": not problem,
        "message": problem or "can be used",
        "observedGeneration": zone["metadata"].get("generation", 1),
    }
