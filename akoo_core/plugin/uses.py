"""The users of a shared thing: a plugin's controller asks for them before it deletes one.

A record stores that it uses a thing, and reads the thing only then (and withdraws the use of one
that is being deleted). A controller sees that its thing is being deleted, and reads the records
only then.
Store, then load, on both sides: one of the two always sees the other.
"""

from __future__ import annotations

from akoo_core.kube import resource as resources
from akoo_core.kube.client import KubeClient
from akoo_core.kube.resource import Resource
from akoo_core.objects import record


async def uses_of(
    client: KubeClient, resource: Resource, name: str, uid: str = ""
) -> tuple[record.Record, ...]:
    """The records that use the cluster-scoped object ``name``, tentatively or for sure, by name.

    To be asked after the object was seen with a deletionTimestamp, in every attempt anew, before
    anything outside is touched; while there is one, wait. ``uid``: only uses of that very object;
    "" counts those of its namesakes too. Finished records use nothing.

    The API server is asked, not a cache, for what is true now. The registration has to watch
    AKODeployments. Raises KubeError; structs.DecodeError for a record that cannot be read, since
    it may be a user.
    """
    records: list[record.Record] = []
    token = ""
    while True:
        page = await client.list(resources.AKO_DEPLOYMENTS, token=token)
        records += (record.from_object(item) for item in page.items)
        token = page.token
        if not token:
            break
    users = (
        user
        for user in records
        if user.spec.finished_at is None and _uses(user, resource, name, uid)
    )
    return tuple(sorted(users, key=lambda user: user.name))


def _uses(user: record.Record, resource: Resource, name: str, uid: str) -> bool:
    wanted = (resource.group, resource.kind, name)
    return any(
        (use.group, use.kind, use.name) == wanted and (not uid or use.uid == uid)
        for use in user.spec.uses
    )
