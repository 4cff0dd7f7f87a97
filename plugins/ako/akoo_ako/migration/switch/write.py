"""Makes one change. Thin."""

from __future__ import annotations

from akoo_ako.migration.switch.change import Change
from akoo_core.plugin.kube import (
    AlreadyExistsError,
    ConflictError,
    InvalidError,
    KubeClient,
    NotFoundError,
)


async def make(kube: KubeClient, change: Change) -> bool:
    """True if it was made. False if the object has changed meanwhile: it has to be planned again.

    Raises InvalidError for what a server refuses, and KubeErrors.
    """
    namespace = change.namespace or None
    try:
        match change.verb:
            case "Patch":
                await kube.json_patch(
                    change.resource,
                    change.name,
                    change.patch,
                    namespace,
                    subresource=change.subresource or None,
                )
            case "Create":
                await kube.create(change.resource, change.body, namespace)
            case "Delete":
                await kube.delete(
                    change.resource,
                    change.name,
                    namespace,
                    uid=change.uid,
                    resource_version=change.version,
                )
            case "Note":
                pass  # The journal has it.
    except (ConflictError, NotFoundError, AlreadyExistsError):
        return False
    except InvalidError:
        if await _in_deletion(kube, change):
            return False
        raise
    return True


async def _in_deletion(kube: KubeClient, change: Change) -> bool:
    """It is being deleted since it was read: a server then refuses a new finalizer."""
    if change.verb != "Patch":
        return False
    try:
        live = await kube.get(change.resource, change.name, change.namespace or None)
    except NotFoundError:
        return True
    return "deletionTimestamp" in live["metadata"]
