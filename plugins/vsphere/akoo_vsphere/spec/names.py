"""Names in vCenter: the rules for new port groups, and the escapes in names that exist. Pure."""

from __future__ import annotations

import re
from typing import Final

from akoo_vsphere.spec import refusal

LONGEST: Final = 80
"""Characters of a port group's name (vCenter's limit)."""
LONGEST_OBJECT: Final = 63
"""Characters of a VSpherePortGroup's name: it is part of the mark, which must stay short."""
UPLINKS: Final = "-DVUplinks-"
"""Part of the name of each uplink port group."""
NSX: Final = "NSX-"
"""Start of names that NSX gives, several times on one switch."""

_REFUSED: Final = "/\\%"
_ESCAPES: Final = {"%2f": "/", "%5c": "\\", "%25": "%"}
_ESCAPED = re.compile("|".join(_ESCAPES), re.IGNORECASE)


def decoded(name: str) -> str:
    """``name`` as a person wrote it: vCenter stores slash, backslash and percent as escapes."""
    return _ESCAPED.sub(lambda match: _ESCAPES[match[0].lower()], name)


def check(name: str, field: str) -> None:
    """Raise Refusal for a name that a new port group must not have."""
    if not 1 <= len(name) <= LONGEST:
        problem = f"has {len(name)} characters, and vCenter takes 1 to {LONGEST}"
        raise refusal.invalid(field, problem, "Give a shorter name in spec.portGroupName")
    for character in _REFUSED:
        if character in name:
            problem = f'"{name}" contains {character}, which vCenter escapes and clients read apart'
            raise refusal.invalid(field, problem, f"Give a name without {' '.join(_REFUSED)}")
    if name != name.strip() or not name.isprintable():
        problem = "begins or ends with a space, or has a character that cannot be printed"
        raise refusal.invalid(field, problem, "Give a name without them")
    if name.startswith(NSX):
        problem = f'"{name}" begins with {NSX}, as port groups of NSX do'
        raise refusal.invalid(field, problem, "Give another name")
    if UPLINKS in name:
        problem = f'"{name}" contains {UPLINKS}, as uplink port groups do'
        raise refusal.invalid(field, problem, "Give another name")
