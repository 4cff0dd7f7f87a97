"""Permissions of users: roles by tenant, privileges by resource, filters by marker."""

import dataclasses
import enum
import fnmatch
from collections.abc import Iterator

from akoo_testbed.avisim.objects import schema, store


class Level(enum.IntEnum):
    """The level of a privilege."""

    NO_ACCESS = 0
    READ_ACCESS = 1
    WRITE_ACCESS = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Rights:
    """The rights of a user, as they are now."""

    objects: store.Store
    user: store.Stored
    strict: bool = True
    """Unlabelled access is for reading, and for objects without any marker."""
    first_only: bool = False
    """Of several roles that are given for a tenant the first counts, and of several for all
    tenants the first."""

    @property
    def superuser(self) -> bool:
        return bool(self.user.data.get("is_superuser"))

    @property
    def everywhere(self) -> bool:
        """True if the user has a role in all tenants."""
        return self.superuser or any(each.get("all_tenants") for each in self._access())

    def _access(self) -> list[schema.Json]:
        access: list[schema.Json] = self.user.data.get("access", [])
        return access

    def enters(self, tenant: str) -> bool:
        """True if the user may name this tenant in a request."""
        return self.superuser or any(True for _ in self.roles(tenant))

    def tenants(self) -> set[str]:
        """Tenants that the user has a role in by name."""
        return {each["tenant_ref"] for each in self._access() if "tenant_ref" in each}

    def roles(self, tenant: str) -> Iterator[schema.Json]:
        """The roles that count in a tenant: those given for it, and those for all tenants."""
        had: set[bool] = set()
        for entry in self._access():
            everywhere = bool(entry.get("all_tenants"))
            if not everywhere and entry.get("tenant_ref") != tenant:
                continue
            if self.first_only and everywhere in had:
                continue
            role = self.objects.get("role", entry.get("role_ref", ""))
            if role is not None:
                had.add(everywhere)
                yield role.data

    def level(self, tenant: str, resource: str) -> Level:
        """The best privilege in a tenant, markers left aside."""
        if self.superuser:
            return Level.WRITE_ACCESS
        levels = (privilege(role, resource) for role in self.roles(tenant))
        return max(levels, default=Level.NO_ACCESS)

    def may(self, tenant: str, kind: schema.Kind, data: schema.Json, needed: Level) -> bool:
        """True if the user may read or write this object, markers considered."""
        if self.superuser:
            return True
        return any(
            privilege(role, kind.permission) >= needed
            and admits(role, kind, data, needed, strict=self.strict)
            for role in self.roles(tenant)
        )


def privilege(role: schema.Json, resource: str) -> Level:
    """The privilege of a role for a resource. A resource that it does not name has none."""
    if not resource:
        return Level.NO_ACCESS
    wanted = f"PERMISSION_{resource}"
    for each in role.get("privileges", ()):
        if each["resource"] == wanted:
            return Level[each["type"]]
    return Level.NO_ACCESS


def admits(
    role: schema.Json, kind: schema.Kind, data: schema.Json, needed: Level, *, strict: bool
) -> bool:
    """True if the filters of a role let an object pass.

    Each filter has a say: an object with its key passes if a value matches. Unlabelled access, as
    the manual of 22.1 describes it, is for reading objects without any marker; not `strict`: for
    reading and writing objects that lack the key of the filter. Kinds without markers are not
    filtered.
    """
    filters = [each for each in role.get("filters", ()) if each.get("enabled", True)]
    if not filters or "markers" not in kind.fields:
        return True
    markers = {each["key"]: each.get("values", []) for each in data.get("markers", ())}
    unlabelled = bool(role.get("allow_unlabelled_access", True))
    if strict:
        unlabelled = unlabelled and not markers and needed is Level.READ_ACCESS
    return all(_passes(each, markers, unlabelled) for each in filters)


def _passes(rule: schema.Json, markers: dict[str, list[str]], unlabelled: bool) -> bool:
    label = rule["match_label"]
    values = markers.get(label["key"])
    if values is None:
        return unlabelled
    wanted = label.get("values", [])
    match rule.get("match_operation", "ROLE_FILTER_EQUALS"):
        case "ROLE_FILTER_DOES_NOT_EQUAL":
            return not set(values) & set(wanted)
        case "ROLE_FILTER_GLOB_MATCH":
            return any(fnmatch.fnmatchcase(v, w) for v in values for w in wanted)
        case "ROLE_FILTER_GLOB_DOES_NOT_MATCH":
            return not any(fnmatch.fnmatchcase(v, w) for v in values for w in wanted)
    return bool(set(values) & set(wanted))
