"""Reads the cluster-scoped objects that configs name; refuses with the nearest names."""

from __future__ import annotations

from akoo_avi.client.access import nearest, refusal
from akoo_core.plugin import kube, structs


async def get(
    reader: kube.KubeClient, kind: kube.Resource, name: str, *, correct: str
) -> structs.JSON:
    """The object ``name``. ``correct``: the field and the object that a person corrects.

    ``reader`` is ``ctx.shared`` of a verb or ``ctx.kube`` of a controller. A controller of the
    plugin must watch ``kind``. Raises Refusal (``<Kind>NotFound``), and KubeErrors.
    """
    try:
        return await reader.get(kind, name)
    except kube.NotFoundError:
        page = await reader.list(kind, metadata_only=True)
        known = [item["metadata"]["name"] for item in page.items]
        raise refusal.Refusal(
            f"{kind.kind}NotFound",
            f"{kind.kind}/{name} does not exist. {nearest.sentence(name, known)} Correct "
            f"{correct}, or create it.",
        ) from None


def usable(kind: kube.Resource, obj: structs.JSON, *, correct: str) -> structs.JSON:
    """The object, unless it is being deleted: it stays for existing users, and takes no new ones.
    Raises Refusal (``<Kind>Deleting``). Pure."""
    if "deletionTimestamp" in obj["metadata"]:
        title = f"{kind.kind}/{obj['metadata']['name']}"
        raise refusal.Refusal(
            f"{kind.kind}Deleting", f"{title} is being deleted. Name another in {correct}."
        )
    return obj
