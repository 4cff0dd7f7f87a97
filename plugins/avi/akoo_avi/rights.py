"""What this plugin may do in the management cluster, beyond what the core may."""

from __future__ import annotations

from typing import Final

from akoo_avi import resources
from akoo_avi.pools import reconcile as pools
from akoo_core.plugins import api

RULES: Final = (
    api.RbacRule(
        groups=(resources.GROUP,), resources=("avicontrollers",), verbs=("get", "list", "watch")
    ),
    api.RbacRule(groups=(resources.GROUP,), resources=("avicontrollers/status",), verbs=("patch",)),
    *pools.RIGHTS,
)
