"""The operator's settings for this plugin (``plugins.avi`` in its settings file)."""

from __future__ import annotations

from typing import Annotated

from akoo_core import structs

Count = Annotated[int, structs.Meta(ge=1, le=64)]
PageSize = Annotated[int, structs.Meta(ge=1, le=200)]


class Settings(structs.StrictStruct, frozen=True, kw_only=True):
    """For all Avi Controllers."""

    pool_size: Count = 4
    """Requests to one controller at the same time. Each takes a thread and a session."""
    page_size: PageSize = 200
    """Objects on a page of a list; 200 is the most that a controller gives."""
