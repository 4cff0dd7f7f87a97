"""AKO's hands: what is on Avi, the calls that change it, routes, labels, statuses."""

import collections.abc
import logging

from akoo_testbed.akosim import avi, boot
from akoo_testbed.akosim.config import Config
from akoo_testbed.akosim.objects import model, planning, routes, status
from akoo_testbed.akosim.objects.model import Existing, Key
from akoo_testbed.akosim.objects.planning import Operation, Verb
from akoo_testbed.kubeapi import HICCUPS, ApiError, KubeApi, Object

log = logging.getLogger(__name__)

_TRIES = 10
"""Of a write that others get ahead of (412)."""


class Hands:
    """The objects that AKO believes are on Avi (`observed`), and its ways to change them.

    Every method raises avi.UNREACHABLE when Avi does not answer, KilledError when it refuses the
    login; other refusals are the method's own matter.
    """

    def __init__(self, client: avi.Avi, config: Config) -> None:
        self.client = client
        self.config = config
        self.observed: dict[Key, Existing] = {}

    async def observe(self) -> None:
        """Read all that AKO takes for its own. Other clusters' VIPs may be among it: by name."""
        tenant = None if self.config.dedicated_tenant else avi.ALL_TENANTS
        read: dict[Key, Existing] = {}
        for kind in planning.OBSERVED:
            for body in await self._read(kind, tenant):
                each = _existing(kind, body)
                read[each.key] = each
        self.observed = read

    async def _read(self, kind: str, tenant: str | None) -> list[Object]:
        user, prefix = self.config.user, self.config.prefix
        filters = {"name__contains": prefix}
        if kind in model.CREATED_BY:
            filters = {"created_by": user}
        elif kind == "stringgroup":
            filters = {"label_key": "created_by", "label_value": user}
        try:
            return await self.client.list(kind, tenant=tenant, **filters)
        except avi.AviError as error:
            _stop_if_refused(error)
            if error.status != 403:
                raise
        return await self.client.list(kind, tenant="admin", **filters)

    async def perform(self, operations: collections.abc.Iterable[Operation]) -> bool:
        """Make the calls in order; whether all is done that is worth another try.

        What refers to an object that could not be made is left out.
        """
        failed: set[tuple[str, str]] = set()
        complete = True
        for operation in operations:
            needs = set(model.references(operation.body or {}))
            if failed & needs:
                failed.add((operation.key.kind, operation.key.name))
                continue
            error = await self.attempt(operation)
            if error is not None and operation.verb is not Verb.DELETE:
                failed.add((operation.key.kind, operation.key.name))
            complete = complete and not (error and error.is_worth_retrying)
        return complete

    async def attempt(self, operation: Operation) -> avi.AviError | None:
        """Make one call, and remember what came of it; the refusal, if there was one."""
        key, path = operation.key, f"{operation.key.kind}/{operation.uuid}"
        path = path if operation.uuid else operation.key.kind
        verb = operation.verb
        try:
            answer = await self.client.call(verb.value, path, operation.body, tenant=key.tenant)
        except avi.AviError as error:
            _stop_if_refused(error)
            if error.status == 404 and verb is not Verb.CREATE:
                self.observed.pop(key, None)
            if verb is Verb.DELETE and error.status == 404:
                return None
            if verb is Verb.CREATE and error.status == 409:
                await self._meet(key)
            log.info("%s %s %s was refused: %s", verb.value, key.kind, key.name, error)
            return error
        if verb is Verb.DELETE:
            self.observed.pop(key, None)
        else:
            self.observed[key] = Existing(key, answer["uuid"], answer)
        return None

    async def _meet(self, key: Key) -> None:
        """Take in an object that is there though AKO did not know it."""
        for body in await self.client.list(key.kind, tenant=key.tenant, name=key.name):
            self.observed[key] = Existing(key, body["uuid"], body)

    async def write_routes(self, vrf: str, ways: list[tuple[str, str]]) -> bool:
        """Make these the routes of the cluster in the VRF; whether anything was written."""
        cluster = self.config.cluster
        for _ in range(_TRIES):
            body = await boot.read_as_admin(self.client, f"vrfcontext/{vrf}")
            existing = body.get("static_routes", [])
            after = routes.merged(existing, ways, cluster)
            if after == existing:
                return False
            try:
                await boot.write_as_admin(
                    self.client, f"vrfcontext/{vrf}", {**body, "static_routes": after}
                )
                return True
            except avi.AviError as error:
                if error.status != 412:
                    raise
        return False

    async def take_label(self, se_group: str) -> None:
        """Take the cluster's label off the SE group."""
        path = f"serviceenginegroup/{se_group}"
        own = {"key": routes.LABEL, "value": self.config.cluster}
        for _ in range(_TRIES):
            body = await boot.read_as_admin(self.client, path)
            left = [label for label in body.get("labels", ()) if label != own]
            if left == body.get("labels", []):
                return
            try:
                await boot.write_as_admin(self.client, path, {**body, "labels": left})
                return
            except avi.AviError as error:
                if error.status != 412:
                    raise


def _existing(kind: str, body: Object) -> Existing:
    tenant = model.target(body.get("tenant_ref", "")) or "admin"
    return Existing(Key(kind, tenant, body["name"]), body["uuid"], body)


def _stop_if_refused(error: avi.AviError) -> None:
    if error.is_login_refused:
        raise boot.KilledError("Avi refuses the login: Invalid credentials") from None


async def write_statuses(api: KubeApi, writes: collections.abc.Iterable[status.Write]) -> bool:
    """Write statuses and annotations; whether all are written whose objects are there."""
    complete = True
    for each in writes:
        where = (each.kind, each.namespace, each.name)
        body = {"status": {"loadBalancer": {"ingress": each.ingress or None}}}
        annotations = {"metadata": {"annotations": each.annotations}}
        try:
            await api.patch(*where, body, subresource="status")
            await api.patch(*where, annotations)
        except HICCUPS as error:
            if not (isinstance(error, ApiError) and error.status == 404):
                log.info("status of %s %s/%s not written", *where)
                complete = False
    return complete
