"""The users of a shared thing: a plugin's controller asks for them before it deletes one.

A record stores that it uses a thing, and reads the thing only then (and withdraws the use of one
that is being deleted). A controller sees that its thing is being deleted, and reads the records
only then. Store, then load, on both sides: one of the two always sees the other.

An object of another kind that needs the thing is a *holder*. It is no record, so the thing carries
a finalizer for the holder's kind (:class:`Holding`). The holder says in its own object what it
needs, then adds the finalizer (:func:`hold`), then touches the outside. The finalizer is taken off
by a controller keyed by the thing, once the thing is being deleted and a list made after that shows
no holder (:func:`let_go`): again store, then load.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from akoo_core import structs
from akoo_core.kube import resource as resources
from akoo_core.kube.client import KubeClient, Object
from akoo_core.kube.finalizers import Finalizers
from akoo_core.kube.resource import Resource
from akoo_core.objects import names, record
from akoo_core.plugin.errors import HolderRefusedError

HOLD_DOMAIN = "akoo.io/"
"""A finalizer of this domain on a shared object is a hold, also one that nobody here declared."""
SHOWN = 5
"""Names in a text; further names are counted."""


class User(NamedTuple):
    """Something that needs a shared object."""

    kind: str
    """AKODeployment, the kind of a holder, or "" for a finalizer that nobody here declared."""
    name: str


class Holding(structs.Struct, frozen=True, kw_only=True):
    """Objects of one kind hold objects of another, cluster-scoped kind by a finalizer.

    Take the finalizer that the holder's controller has (``ControllerRegistration.finalizer``), and
    put ``held`` among its ``writes``: then ``uninstall --orphan`` removes it there, too.
    """

    holder: Resource
    held: Resource
    finalizer: str
    needs: Callable[[Object], Iterable[str]]
    """Pure: names of the held objects that a holder needs, or has needed and not yet let go."""


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
    records = [record.from_object(item) for item in await _all(client, resources.AKO_DEPLOYMENTS)]
    users = (user for user in records if _uses(user, resource, name, uid))
    return tuple(sorted(users, key=lambda user: user.name))


async def hold(client: KubeClient, hold: Holding, name: str) -> Object:
    """Hold the object ``name`` before the holder's first write outside; the object as it is then.

    The holder's own object must say before that it needs ``name`` (``hold.needs``). Raises
    HolderRefusedError for an object that is being deleted: a holder that has something outside
    does not ask again. Raises NotFoundError where there is none.
    """
    obj = await client.get(hold.held, name)
    uid = obj["metadata"]["uid"]
    held = await Finalizers(client).add(hold.held, hold.finalizer, name, None, uid=uid, seen=obj)
    if held is None:
        kind = hold.held.kind
        raise HolderRefusedError(
            f"{kind}/{name} is being deleted and takes no new users. Name another {kind}."
        )
    return held


async def holders_of(client: KubeClient, hold: Holding, name: str) -> tuple[str, ...]:
    """The names of the holders that need ``name``, by a list from the API server."""
    holders = await _all(client, hold.holder)
    return tuple(sorted(_label(holder) for holder in holders if name in hold.needs(holder)))


async def let_go(client: KubeClient, hold: Holding, obj: Object) -> tuple[str, ...]:
    """Take the finalizer of a hold off an object, as just read; the holders that are left.

    To be called by a controller that is keyed by the held object and watches the holders. Nothing
    happens to an object that is not being deleted. One that was moved to another management
    cluster has no holders here.
    """
    metadata = obj["metadata"]
    if not _deleting(obj) or hold.finalizer not in (metadata.get("finalizers") or ()):
        return ()
    left = () if _moved(obj) else await holders_of(client, hold, metadata["name"])
    if not left:
        await Finalizers(client).remove(
            hold.held, hold.finalizer, metadata["name"], None, uid=metadata["uid"]
        )
    return left


async def needed_by(
    client: KubeClient,
    resource: Resource,
    name: str,
    *,
    uid: str,
    finalizers: Iterable[str],
    own: str,
    holds: Sequence[Holding] = (),
) -> tuple[User, ...]:
    """Everything that needs a shared object: records, holders, and other holds.

    ``finalizers`` are those of the object as it was just read. ``own`` is the finalizer of its own
    controller. The holders of ``holds`` are listed. Any other finalizer under ``akoo.io/`` counts
    as a user: another plugin's controller takes it off. So does a record that cannot be read. The
    registration has to watch AKODeployments and the kinds of the holders. Raises KubeError.
    """
    users = [
        User(hold.holder.kind, holder)
        for hold in holds
        for holder in await holders_of(client, hold, name)
    ]
    for item in await _all(client, resources.AKO_DEPLOYMENTS):
        kind, record_name = resources.AKO_DEPLOYMENTS.kind, item["metadata"]["name"]
        try:
            if _uses(record.from_object(item), resource, name, uid):
                users.append(User(kind, record_name))
        except structs.DecodeError:
            users.append(User(kind, f"{record_name}, which cannot be read"))
    known = {own, *(hold.finalizer for hold in holds)}
    others = (other for other in finalizers if other.startswith(HOLD_DOMAIN))
    return (*users, *(User("", other) for other in others if other not in known))


async def keep(
    client: KubeClient, resource: Resource, obj: Object, *, own: str, holds: Sequence[Holding] = ()
) -> tuple[User, ...]:
    """Keep a shared object, as just read, while anything needs it; who needs one that is being
    deleted.

    For an object of which nothing is outside, such as the address of a system: its own controller
    has nothing else to do. A used object gets finalizers: ``own`` for records, those of ``holds``
    for their holders. From one that is being deleted each is removed as soon as it may. Raises
    ConflictError when the object changes too fast.
    """
    finalizers, metadata = Finalizers(client), obj["metadata"]
    name, uid, present = metadata["name"], metadata["uid"], metadata.get("finalizers") or ()

    async def needed() -> tuple[User, ...]:
        return await needed_by(
            client, resource, name, uid=uid, finalizers=present, own=own, holds=holds
        )

    by_kind = {resources.AKO_DEPLOYMENTS.kind: own}
    by_kind |= {hold.holder.kind: hold.finalizer for hold in holds}
    if not _deleting(obj):
        missing = set(by_kind.values()).difference(present)
        # An object that is held stays so until it is deleted: nothing is searched until then.
        users = await needed() if missing else ()
        for finalizer in sorted({by_kind[user.kind] for user in users if user.kind} & missing):
            await finalizers.add(resource, finalizer, name, None, uid=uid)
        return ()
    if not set(by_kind.values()).intersection(present):
        return ()
    users = () if _moved(obj) else await needed()
    kept = {by_kind[user.kind] for user in users if user.kind} | ({own} if users else set())
    for finalizer in by_kind.values():
        if finalizer in present and finalizer not in kept:
            await finalizers.remove(resource, finalizer, name, None, uid=uid)
    return users


def described(users: Iterable[User]) -> str:
    """``1 AviIPPool (edge) and 2 AKODeployments (a, b)``: bounded, with all counted; "" for none.
    Pure."""
    by_kind: dict[str, list[str]] = {}
    for user in users:
        by_kind.setdefault(user.kind, []).append(user.name)
    return " and ".join(_described(kind, listed) for kind, listed in by_kind.items())


def _described(kind: str, listed: Sequence[str]) -> str:
    more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    plural = "s" if len(listed) > 1 else ""
    return f"{len(listed)} {kind or 'finalizer'}{plural} ({', '.join(listed[:SHOWN])}{more})"


async def _all(client: KubeClient, resource: Resource) -> list[Object]:
    objects: list[Object] = []
    token = ""
    while True:
        page = await client.list(resource, token=token)
        objects += page.items
        token = page.token
        if not token:
            return objects


def _label(holder: Object) -> str:
    metadata = holder["metadata"]
    return "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))


def _deleting(obj: Object) -> bool:
    return "deletionTimestamp" in obj["metadata"]


def _moved(obj: Object) -> bool:
    """Deleted here by clusterctl: the object, and its users, live elsewhere now."""
    return names.DELETE_FOR_MOVE_ANNOTATION in (obj["metadata"].get("annotations") or {})


def _uses(user: record.Record, resource: Resource, name: str, uid: str) -> bool:
    wanted = (resource.group, resource.kind, name)
    return user.spec.finished_at is None and any(
        (use.group, use.kind, use.name) == wanted and (not uid or use.uid == uid)
        for use in user.spec.uses
    )
