"""The operator's settings for this plugin (``plugins.avi`` in its settings file)."""

from __future__ import annotations

from typing import Annotated

from akoo_core.plugin import structs

Count = Annotated[int, structs.Meta(ge=1, le=64)]
PageSize = Annotated[int, structs.Meta(ge=1, le=200)]
Seconds = Annotated[float, structs.Meta(ge=1, le=3600)]


class Settings(structs.StrictStruct, frozen=True, kw_only=True):
    """For all Avi Controllers."""

    pool_size: Count = 8
    """Requests to one controller at the same time, and one more that reads; each takes a thread and
    a connection."""
    page_size: PageSize = 200
    """Objects on a page of a list; 200 is the most that a controller gives."""
    catalog_seconds: Seconds = 15.0
    """Maximum age of a catalog of tenants, clouds, SE groups and networks."""
    snapshot_seconds: Seconds = 30.0
    """Maximum age of a snapshot of the virtual services and engines on a controller."""
