"""References between objects on Avi, as they are read. Pure.

Read with ``include_name`` a reference is ``https://host/api/pool/pool-1#web``. Only fields called
``*_ref`` and ``*_refs`` are references: AKO writes text that looks like one into others.
"""

from __future__ import annotations

from typing import Any

from akoo_avi.spec import names
from akoo_core.plugin import structs

Key = tuple[str, str]
"""Path of the kind, and uuid."""


def key_of(reference: Any) -> Key | None:
    """Kind and uuid of a reference; None for other values."""
    if not isinstance(reference, str) or "/api/" not in reference:
        return None
    path = reference.partition("/api/")[2].partition("#")[0].partition("?")[0]
    kind, _, uuid = path.strip("/").rpartition("/")
    return (kind, uuid) if kind and uuid else None


def uuid_of(reference: Any) -> str:
    """The uuid in a reference, or ""."""
    key = key_of(reference)
    return key[1] if key else ""


def name_of(reference: Any) -> str:
    """The name in a reference; its uuid where it was read without names; "" for none."""
    name = str(reference).partition("#")[2] if isinstance(reference, str) else ""
    return name or uuid_of(reference)


def tenant_uuid(body: structs.JSON) -> str:
    """The UUID of the tenant that an object is in; that of tenant admin if it names none."""
    return uuid_of(body.get("tenant_ref")) or names.ADMIN_TENANT


def targets(body: structs.JSON) -> frozenset[Key]:
    """All objects that an object refers to, at any depth."""
    keys: set[Key] = set()
    waiting: list[structs.JSON] = [body]
    while waiting:
        for field, value in waiting.pop().items():
            # Exact types, for speed: this runs for every field of every object.
            if type(value) is str:
                if field.endswith("_ref") and (key := key_of(value)) is not None:
                    keys.add(key)
            elif type(value) is dict:
                waiting.append(value)
            elif type(value) is list:
                if field.endswith("_refs"):
                    keys.update(key for element in value if (key := key_of(element)) is not None)
                else:
                    waiting += [element for element in value if type(element) is dict]
    parent = body.get("vh_parent_vs_uuid")  # before 21.1.4: a bare uuid, or a reference
    if isinstance(parent, str) and parent:
        keys.add(("virtualservice", uuid_of(parent) or parent))
    return frozenset(keys)
