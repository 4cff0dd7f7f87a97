"""Complete lists, page by page, with a limit of pages."""

from __future__ import annotations

from akoo_core.kube import errors
from akoo_core.kube.client import KubeClient, Object
from akoo_core.kube.resource import Resource

PAGES = 200
"""Pages of one list: 100,000 objects of the management cluster, 20,000 of a workload cluster."""


async def every(
    client: KubeClient,
    resource: Resource,
    namespace: str | None = None,
    *,
    label_selector: str = "",
    metadata_only: bool = False,
    pages: int = PAGES,
) -> list[Object]:
    """All objects of a list. Raises KubeError; ServerError for an endless list."""
    items: list[Object] = []
    token = ""
    for _ in range(pages):
        page = await client.list(
            resource,
            namespace,
            label_selector=label_selector,
            token=token,
            metadata_only=metadata_only,
        )
        items += page.items
        token = page.token
        if not token:
            return items
    raise errors.ServerError(f"the list of {resource.qualified} has more than {pages} pages")
