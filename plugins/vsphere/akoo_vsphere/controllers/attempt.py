"""One attempt at one VSpherePortGroup: its means, and what it learns."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable

from akoo_core.plugin import api
from akoo_core.plugin.conditions import Condition
from akoo_vsphere.client.api import Users
from akoo_vsphere.connect.catalog import Reach
from akoo_vsphere.controllers import statuses
from akoo_vsphere.controllers.index import Seen
from akoo_vsphere.spec.port_group import PortGroup
from akoo_vsphere.spec.port_group_status import Status

Nonce = Callable[[], str]


def nonce() -> str:
    """A nonce for a create."""
    return secrets.token_hex(8)


@dataclasses.dataclass(kw_only=True)
class Attempt:
    """One attempt at one object. ``group`` is it as stored, ``status`` its future status."""

    ctx: api.ControllerContext
    reach: Reach
    group: PortGroup
    status: Status
    make_nonce: Nonce
    known: dict[str, Condition] = dataclasses.field(default_factory=dict)
    """Conditions that this attempt established."""
    users: Users | None = None
    """Users of the port group, if they were read."""
    count_users: bool = True
    """False: they are read only if the plan depends on them."""
    ready_to_write: bool = False
    conflicts: int = 0
    seen: Seen | None = None
    """The port group, once it is in order."""
    unsent: str = ""
    """Nonce of a create that this attempt announced and has not sent yet."""
    made: str = ""
    """moRef of the port group that this attempt made."""

    def establish(self, condition: Condition) -> None:
        """Note a condition."""
        self.known[condition.type] = condition

    async def save(self, *, strict: bool = False) -> None:
        """Write status and conditions if they differ."""
        self.group = await statuses.write(
            self.ctx, self.group, self.status, self.known.values(), strict=strict
        )
        self.status = self.group.status
