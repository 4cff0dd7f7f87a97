"""The hold on a VSphereConnection: removal in vCenter needs its address and account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from akoo_core.plugin import errors, kube, uses
from akoo_vsphere.spec import port_group, refusal, resources
from akoo_vsphere.spec.connection import Connection

FINALIZER: Final = "akoo.io/vsphere-connection"


def needs(group: kube.Object) -> Iterator[str]:
    """The connection by whose account a VSpherePortGroup, possibly unreadable otherwise, has or had
    its port group. Pure."""
    connection = (group.get("spec") or {}).get("connection")
    if connection and port_group.FINALIZER in (group["metadata"].get("finalizers") or ()):
        yield connection


GROUPS_HOLD: Final = uses.Holding(
    holder=resources.PORT_GROUPS, held=resources.CONNECTIONS, finalizer=FINALIZER, needs=needs
)


async def hold(client: kube.KubeClient, connection: Connection, user: str) -> None:
    """Hold the connection before the first write by its account. ``user``: for the message.

    Raises Refusal for a connection that is being deleted or gone: it stays for existing users, and
    takes no new ones. Raises KubeError if it cannot be written.
    """
    try:
        held = await uses.hold(client, GROUPS_HOLD, connection.name)
    except (errors.HolderRefusedError, kube.NotFoundError):
        held = None
    if held is None or held["metadata"]["uid"] != connection.uid:
        raise refusal.Refusal(
            "ConnectionDeleting",
            f"VSphereConnection/{connection.name} is being deleted, so nothing new is made by its "
            f"account. Let {user} name another connection.",
        )
