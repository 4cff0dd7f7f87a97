"""The rights of this plugin in the management cluster, beyond those of the core."""

from __future__ import annotations

from typing import Final

from akoo_avi.controllers import keeping, port_groups
from akoo_avi.pools import reconcile as pools
from akoo_core.plugin import api

RULES: Final[tuple[api.RbacRule, ...]] = (*keeping.RIGHTS, *pools.RIGHTS, *port_groups.RIGHTS)
