"""Privileges: all is allowed that no denial takes away. Pure."""

from __future__ import annotations

import dataclasses
from typing import Final

from akoo_vsphere.client.errors import ForbiddenError, Missing
from akoo_vsphere.testing.inventory import ROOT, Inventory

READ: Final = "System.Read"
VIEW: Final = "System.View"
CREATE: Final = "DVPortgroup.Create"
MODIFY: Final = "DVPortgroup.Modify"
POLICY: Final = "DVPortgroup.PolicyOp"
DELETE: Final = "DVPortgroup.Delete"
SET_FIELD: Final = "Global.SetCustomField"
DEFINE: Final = "Global.ManageCustomFields"
KNOWN: Final = frozenset({READ, VIEW, CREATE, MODIFY, POLICY, DELETE, SET_FIELD, DEFINE})
"""A privilege that is not among them is not granted."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Denial:
    """A privilege that an account lacks on an object and below it.

    Port groups are beside their switch, not below it.
    """

    privilege: str
    mo_ref: str = ROOT
    user: str = ""
    """"": every account."""
    only: bool = False
    """True: objects below keep the privilege."""


class Rights:
    """The denials of a vCenter."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.denials: list[Denial] = []

    def has(self, user: str, privilege: str, mo_ref: str) -> bool:
        if privilege not in KNOWN:
            return False
        above = {entity.mo_ref for entity in self.inventory.chain(mo_ref)}
        return not any(
            denial.privilege == privilege
            and denial.user in ("", user)
            and (denial.mo_ref == mo_ref if denial.only else denial.mo_ref in above)
            for denial in self.denials
        )

    def sees(self, user: str, mo_ref: str) -> bool:
        """True if the account may list the object."""
        return not self.denials or self.has(user, VIEW, mo_ref)

    def reads(self, user: str, mo_ref: str) -> bool:
        """True if the account may read properties of the object."""
        return not self.denials or (self.has(user, VIEW, mo_ref) and self.has(user, READ, mo_ref))

    def demand(self, user: str, privilege: str, mo_ref: str) -> None:
        """Raise ForbiddenError unless the account has the privilege."""
        if not self.has(user, privilege, mo_ref):
            raise ForbiddenError(
                f"{user} lacks {privilege} on {mo_ref}.",
                (Missing(privilege=privilege, mo_ref=mo_ref),),
            )
