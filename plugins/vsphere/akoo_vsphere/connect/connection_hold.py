"""The hold on a VSphereConnection by our finalizer: removal in vCenter needs its address and
account."""

from __future__ import annotations

from typing import Final

from akoo_core.plugin import kube
from akoo_core.plugin.kube import Finalizers
from akoo_vsphere.spec import refusal, resources
from akoo_vsphere.spec.connection import Connection

FINALIZER: Final = "akoo.io/vsphere-connection"


async def hold(client: kube.KubeClient, connection: Connection, user: str) -> None:
    """Hold the connection before the first write by its account. ``user``: for the message.

    Raises Refusal for a connection that is being deleted or gone: it stays for existing users, and
    takes no new ones. Raises KubeError if it cannot be written.
    """
    held = await Finalizers(client).add(
        resources.CONNECTIONS, FINALIZER, connection.name, None, uid=connection.uid
    )
    if held is None:
        raise refusal.Refusal(
            "ConnectionDeleting",
            f"VSphereConnection/{connection.name} is being deleted, so nothing new is made by its "
            f"account. Let {user} name another connection.",
        )
