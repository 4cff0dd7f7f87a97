"""The rights of this plugin in the management cluster, beyond those of the core."""

from __future__ import annotations

from typing import Final

from akoo_avi.client.access import avi_controller

from akoo_core.plugin import api
from akoo_tenancy.controllers import templates, tenants

RULES: Final[tuple[api.RbacRule, ...]] = (
    avi_controller.READ_RULE,
    *tenants.RIGHTS,
    *templates.RIGHTS,
)
"""AviControllers are read and held; records are read by a right of the core."""
