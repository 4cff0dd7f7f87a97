"""From what should be there and what is there to operations, in an order that Avi accepts; pure."""

import collections.abc
import dataclasses
import enum

from akoo_testbed.akosim.objects import model
from akoo_testbed.akosim.objects.model import Existing, Key, Wanted
from akoo_testbed.kubeapi import Object

BUILD_ORDER = (
    "stringgroup",
    "pkiprofile",
    "applicationpersistenceprofile",
    "sslkeyandcertificate",
    "pool",
    "poolgroup",
    "vsdatascriptset",
    "httppolicyset",
    "l4policyset",
    "vsvip",
    "virtualservice",
)
"""The order of building: an object comes after those that it refers to."""

CLEAR_ORDER = (
    "virtualservice",
    "vsvip",
    "vsdatascriptset",
    "sslkeyandcertificate",
    "httppolicyset",
    "stringgroup",
    "l4policyset",
    "poolgroup",
    "pool",
    "pkiprofile",
    "applicationpersistenceprofile",
)
"""AKO's own order within one tree, after its children."""

OBSERVED = tuple(CLEAR_ORDER)


class Verb(enum.Enum):
    """The action on an object."""

    CREATE = "POST"
    UPDATE = "PUT"
    DELETE = "DELETE"


@dataclasses.dataclass(frozen=True, slots=True)
class Operation:
    """One REST call."""

    verb: Verb
    key: Key
    uuid: str = ""
    body: Object | None = dataclasses.field(default=None, repr=False)
    """None for a DELETE."""


Observed = collections.abc.Mapping[Key, Existing]


def plan(
    wanted: collections.abc.Iterable[Wanted], observed: Observed, *, keep: str = ""
) -> list[Operation]:
    """The actions that turn `observed` into `wanted`: none, if they are equal.

    An unwanted VIP whose name starts with `keep` only loses its DNS names, and so keeps its
    address: AKO does so with the VIPs of shared parents.
    """
    by_key = {each.key: each for each in wanted}
    built = sorted(by_key.values(), key=lambda w: (BUILD_ORDER.index(w.key.kind), w.child, w.key))
    operations = []
    for want in built:
        have = observed.get(want.key)
        if have is None:
            operations.append(Operation(Verb.CREATE, want.key, body=want.body))
        elif model.differs(want, have):
            operations.append(Operation(Verb.UPDATE, want.key, have.uuid, want.body))
    stale = [have for key, have in observed.items() if key not in by_key]
    kept = [have for have in stale if _is_kept(have, keep)]
    operations += [_emptied(have) for have in kept if have.body.get("dns_info")]
    return operations + [delete(have) for have in cleared(set_minus(stale, kept))]


def set_minus(
    some: collections.abc.Iterable[Existing], others: collections.abc.Iterable[Existing]
) -> list[Existing]:
    """Those of `some` that are not in `others`."""
    keys = {each.key for each in others}
    return [each for each in some if each.key not in keys]


def cleared(objects: collections.abc.Iterable[Existing]) -> list[Existing]:
    """The order in which AKO deletes the objects of a tree: children first."""
    return sorted(objects, key=lambda f: (not f.child, CLEAR_ORDER.index(f.key.kind), f.key))


@dataclasses.dataclass(frozen=True, slots=True)
class Tree:
    """A virtual service that is no child, and all that hangs on it, in order of deletion."""

    root: Key
    objects: tuple[Existing, ...]

    @property
    def deletes(self) -> list[Operation]:
        """The calls that take it away."""
        return [delete(each) for each in self.objects]


def trees(observed: Observed) -> list[Tree]:
    """The trees that AKO knows, by name; an object on several belongs to the first."""
    parents = [f for f in observed.values() if f.key.kind == "virtualservice" and not f.child]
    taken: set[Key] = set()
    listed = []
    for parent in sorted(parents, key=lambda f: f.key):
        keys = _reach(parent, observed) - taken
        taken |= keys
        listed.append(Tree(parent.key, tuple(ordered(observed[key] for key in keys))))
    return listed


def ordered(objects: collections.abc.Iterable[Existing]) -> list[Existing]:
    """All of each child but a VIP that it shares with its parent, then the rest."""
    left = {each.key: each for each in objects}
    done: list[Existing] = []
    for child in sorted((f for f in left.values() if f.child), key=lambda f: f.key):
        own = _hanging(child, left)
        own = {key for key in own if key in left and key.kind != "vsvip"}
        done += cleared(left.pop(key) for key in own)
    return done + cleared(left.values())


def _reach(parent: Existing, observed: Observed) -> set[Key]:
    """The keys of a tree: what parent and children refer to, as far as it is AKO's."""
    keys = _hanging(parent, observed)
    for each in observed.values():
        if (
            each.child
            and parent.key.name in _parents(each)
            and each.key.tenant == parent.key.tenant
        ):
            keys |= _hanging(each, observed)
    return keys


def _hanging(root: Existing, among: Observed) -> set[Key]:
    keys, todo = {root.key}, [root]
    while todo:
        each = todo.pop()
        for kind, name in model.references(each.body):
            key = Key(kind, each.key.tenant, name)
            if key in among and key not in keys and kind != "virtualservice":
                keys.add(key)
                todo.append(among[key])
    return keys


def _parents(child: Existing) -> set[str]:
    named = {name for kind, name in model.references(child.body) if kind == "virtualservice"}
    return named | {model.passed_parent(child.key.name)}


def _is_kept(have: Existing, keep: str) -> bool:
    return bool(keep) and have.key.kind == "vsvip" and have.key.name.startswith(keep)


def _emptied(have: Existing) -> Operation:
    body = {key: value for key, value in have.body.items() if key not in _READ_ONLY}
    body = {**body, "dns_info": [], "vsvip_cloud_config_cksum": model.cksum({"kept": have.uuid})}
    return Operation(Verb.UPDATE, have.key, have.uuid, body)


_READ_ONLY = ("url", "uuid", "_last_modified", "configpb_attributes")


def delete(have: Existing) -> Operation:
    """The call that takes an object away."""
    return Operation(Verb.DELETE, have.key, have.uuid)
