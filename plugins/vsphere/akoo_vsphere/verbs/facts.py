"""The fact of this plugin that no other reads: the port group that prepare found."""

from __future__ import annotations

from typing import ClassVar, Final

from akoo_core.plugin import api, structs

PLACEMENT: Final = "port group"
"""The same for all: another port group is another network of AKO, and no relocation."""


class PortGroupUsed(api.Fact, frozen=True, kw_only=True):
    """The VSpherePortGroup that prepare found, so that intend can name it."""

    fact_name: ClassVar[str] = "PortGroupUsed"

    name: str
    uid: str


class Stored(structs.Struct, frozen=True, kw_only=True):
    """The data of the intent."""

    name: str
    uid: str
