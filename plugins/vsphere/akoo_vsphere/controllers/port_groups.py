"""The controller of VSpherePortGroups.

observes VSpherePortGroups, their VSphereConnections and Secrets, the records that use them, and
vCenter; writes port groups in vCenter, the status and our finalizer of VSpherePortGroups, our
finalizer and refused logins of VSphereConnections, and Events.
"""

from __future__ import annotations

from akoo_core.plugin import api, kube, structs
from akoo_vsphere.client import errors
from akoo_vsphere.client.account import VCenters
from akoo_vsphere.connect import access
from akoo_vsphere.connect.catalog import Catalogs, Reach
from akoo_vsphere.connect.marked import Marked
from akoo_vsphere.controllers import applying, following, gauges, leave, planned, recording
from akoo_vsphere.controllers import attempt as attempts
from akoo_vsphere.controllers import conditions as group_conditions
from akoo_vsphere.controllers.attempt import Attempt, Nonce
from akoo_vsphere.controllers.index import WORKERS, Index
from akoo_vsphere.spec import connection, port_group, resources
from akoo_vsphere.spec.connection import MissingPrivilege
from akoo_vsphere.spec.port_group import FINALIZER

GROUPS = resources.PORT_GROUPS
CONNECTIONS = resources.CONNECTIONS
CROWDED_SECONDS = 30.0
"""Longest wait for a worker: the end of an attempt ends it."""
RIGHTS = (
    api.RbacRule(
        groups=(GROUPS.group,),
        resources=(GROUPS.plural, CONNECTIONS.plural),
        verbs=("get", "list", "watch", "patch"),
    ),
    api.RbacRule(
        groups=(GROUPS.group,),
        resources=(f"{GROUPS.plural}/status", f"{CONNECTIONS.plural}/status"),
        verbs=("patch",),
    ),
)


class PortGroups:
    """The controller's registration and its tools."""

    def __init__(
        self,
        vcenters: VCenters,
        nonce: Nonce = attempts.nonce,
        *,
        index: Index | None = None,
        catalogs: Catalogs | None = None,
        marked: Marked | None = None,
    ) -> None:
        self._reach = Reach(vcenters, catalogs or Catalogs(), marked or Marked())
        self._nonce = nonce
        self._index = index or Index()
        self._add: api.AddKey | None = None
        """Of the source that runs."""

    def registration(self) -> api.ControllerRegistration:
        """The registration for the operator."""
        return api.ControllerRegistration(
            name="port-groups",
            subject=GROUPS,
            watches=(GROUPS, CONNECTIONS, kube.AKO_DEPLOYMENTS),
            writes=(GROUPS, CONNECTIONS, kube.EVENTS),
            keys=self._keys,
            reconcile=self.reconcile,
            secrets=_secrets,
            goes_by=_goes_by,
            finalizer=FINALIZER,
            sources=(self.follow,),
            plan=self.plan,
            workers=WORKERS,
            outside=outside,
        )

    async def follow(self, ctx: api.ControllerContext, add: api.AddKey) -> None:
        """See :mod:`akoo_vsphere.controllers.following`."""
        self._add = add
        try:
            await following.follow(ctx, add, self._reach, self._index)
        finally:
            self._add = None

    async def plan(
        self, request: api.Request, ctx: api.ControllerContext
    ) -> tuple[api.PlannedAction, ...]:
        """See :mod:`akoo_vsphere.controllers.planned`."""
        return await planned.planned(request.key, ctx, self._reach._replace(by_command=True))

    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        """Bring one port group to its spec, or take it away."""
        if self._index.crowded(request.key):
            return _crowded()
        try:
            obj = await ctx.kube.get(GROUPS, request.key)
        except kube.NotFoundError:
            self._index.forget(request.key)
            gauges.forget(request.key)
            return api.Done()
        try:
            group = port_group.from_object(obj)
        except structs.DecodeError as error:
            ctx.log.warning("VSpherePortGroup cannot be read", extra={"problem": str(error)})
            return api.Blocked(reason="InvalidSpec", message=str(error))
        self._index.place(group.name, group.spec.connection)
        if self._index.crowded(group.name):
            return _crowded()
        attempt = Attempt(
            ctx=ctx,
            reach=self._reach,
            group=group,
            status=group.status,
            make_nonce=self._nonce,
            count_users=self._index.count_users(
                group.name, ctx.clock.monotonic(), recording.RECHECK_SECONDS
            ),
        )
        self._index.begin(group.name, group.spec.connection)
        try:
            return await _attempt(attempt)
        except kube.ConflictError:
            message = f"VSpherePortGroup/{group.name} changed while it was worked on."
            return api.Wait(reason="PortGroupEdited", message=message, after=1.0)
        finally:
            gauges.note(group.name, attempt.group.status.conditions)
            missed = self._index.end(group.name, attempt.seen)
            waiting = self._index.next_waiting(group.name)
            for key in (group.name if missed else "", waiting):
                if key and self._add is not None:
                    self._add(key)

    def _keys(self, resource: kube.Resource, obj: kube.Object) -> tuple[str, ...]:
        """The port group itself; for a record, those that it uses; for a connection, those that
        were reconciled by it."""
        name = obj["metadata"]["name"]
        if resource.kind == GROUPS.kind:
            return (name,)
        if resource.kind == CONNECTIONS.kind:
            return self._index.keys(name)
        used = (obj.get("spec") or {}).get("uses") or ()
        return tuple(use["name"] for use in used if use.get("kind") == GROUPS.kind)


def _crowded() -> api.Wait:
    message = "Attempts at other port groups of the same vCenter have not ended yet."
    return api.Wait(reason="AttemptsRunning", message=message, after=CROWDED_SECONDS)


async def _attempt(attempt: Attempt) -> api.Result:
    try:
        if attempt.group.deleting:
            return await leave.leave(attempt)
        return await applying.apply(attempt)
    except access.ANSWERED as error:
        if isinstance(error, errors.ForbiddenError):
            attempt.status = structs.replace(attempt.status, missing_privileges=_missing(error))
        return await _failed(attempt, access.answer(error))


def _missing(error: errors.ForbiddenError) -> tuple[MissingPrivilege, ...]:
    return tuple(
        MissingPrivilege(privilege=missing.privilege, object=missing.mo_ref)
        for missing in error.missing
    )


async def _failed(attempt: Attempt, answer: api.Wait | api.Blocked) -> api.Result:
    """Write the reason into conditions, with all that the attempt learned before."""
    attempt.status = structs.replace(attempt.status, observed_generation=attempt.group.generation)
    if attempt.group.deleting:
        known = group_conditions.held(answer.reason, answer.message)
    else:
        exists = attempt.status.port_group is not None
        known = group_conditions.failed(answer.reason, answer.message, exists=exists)
    for condition in known:
        attempt.establish(condition)
    await attempt.save()
    return answer


def outside(resource: kube.Resource, obj: kube.Object) -> str:
    """The port group of an object and its fate when the operator is uninstalled. Pure."""
    if resource.kind != GROUPS.kind:
        return ""
    status = obj.get("status") or {}
    known = status.get("portGroup") or {}
    if not known:
        return "no port group is recorded in vCenter"
    shown = f'port group "{known.get("name", "")}" ({known.get("moRef", "")})'
    if "deletionTimestamp" in obj["metadata"] and status.get("deletionPolicy") != "Retain":
        return f"{shown} is deleted in vCenter by an operator that runs, once nothing uses it"
    cure = "; to have it removed, delete this object first, while the operator runs"
    return f"{shown} is kept in vCenter{'' if status.get('deletionPolicy') == 'Retain' else cure}"


def _goes_by(resource: kube.Resource, obj: kube.Object) -> object:
    """The fields that start a reconcile: the controller's own status does not."""
    spec, metadata = obj.get("spec") or {}, obj.get("metadata") or {}
    # Our own finalizer tells us nothing.
    others = [entry for entry in metadata.get("finalizers") or () if entry != FINALIZER]
    marks = [metadata.get("annotations"), others, metadata.get("deletionTimestamp")]
    if resource.kind == kube.AKO_DEPLOYMENTS.kind:
        return spec.get("uses"), spec.get("finishedAt")
    if resource.kind == CONNECTIONS.kind:
        return spec, metadata.get("annotations")
    return spec, marks, _of_others(obj)


def _of_others(obj: kube.Object) -> object:
    """The conditions that other controllers write."""
    listed = (obj.get("status") or {}).get("conditions") or ()
    return [
        (row.get("type"), row.get("status"), row.get("reason"), row.get("observedGeneration"))
        for row in listed
        if row.get("type") in group_conditions.OF_AVI
    ]


def _secrets(obj: kube.Object) -> tuple[api.SecretPair, ...]:
    return connection.secrets_of(obj) if obj.get("kind") == CONNECTIONS.kind else ()
