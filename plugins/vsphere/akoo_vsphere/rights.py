"""The rights of this plugin in the management cluster, beyond those of the core."""

from __future__ import annotations

from typing import Final

from akoo_core.plugin import api
from akoo_vsphere.controllers import port_groups
from akoo_vsphere.templates import controller as templates

RULES: Final[tuple[api.RbacRule, ...]] = (*port_groups.RIGHTS, *templates.RIGHTS)
