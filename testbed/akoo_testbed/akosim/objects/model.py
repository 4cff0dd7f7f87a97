"""Avi objects as values: what should be there, and what is; pure."""

import collections.abc
import dataclasses
import json
import typing
import urllib.parse
import zlib

from akoo_testbed.kubeapi import Object

CKSUMS = {
    "virtualservice": "cloud_config_cksum",
    "vsvip": "vsvip_cloud_config_cksum",
    "pool": "cloud_config_cksum",
    "poolgroup": "cloud_config_cksum",
    "httppolicyset": "cloud_config_cksum",
    "l4policyset": "cloud_config_cksum",
}
"""Kind -> field with the sum over what AKO wants; AKO compares nothing else of these."""

CREATED_BY = frozenset(
    {
        "virtualservice",
        "pool",
        "poolgroup",
        "httppolicyset",
        "l4policyset",
        "vsdatascriptset",
        "sslkeyandcertificate",
        "pkiprofile",
    }
)
"""Kinds with the field created_by."""


PASSED = "Shared-Passthrough-"
"""In the names of virtual services that pass TLS through."""
_PASSED_CHILD = "-insecure"


def passed_child(parent: str) -> str:
    """The companion on port 80 of a virtual service that passes TLS through."""
    return f"{parent}{_PASSED_CHILD}"


def passed_parent(name: str) -> str:
    """The virtual service whose companion this is; "": it is none."""
    parent = name.removesuffix(_PASSED_CHILD)
    return parent if parent != name and PASSED in parent else ""


class Key(typing.NamedTuple):
    """The key by which AKO tells its objects apart."""

    kind: str
    tenant: str
    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """An object that should be there; `body` is what is sent, its sum included."""

    key: Key
    body: Object = dataclasses.field(repr=False)  # private keys are in some
    child: bool = False
    """A virtual service under a parent."""


@dataclasses.dataclass(frozen=True, slots=True)
class Existing:
    """An object that is there, read with include_name."""

    key: Key
    uuid: str
    body: Object = dataclasses.field(repr=False)

    @property
    def child(self) -> bool:
        """True if it is a virtual service under a parent, or a companion."""
        if self.key.kind != "virtualservice":
            return False
        return self.body.get("type") == "VS_TYPE_VH_CHILD" or bool(passed_parent(self.key.name))


def reference(kind: str, name: str) -> str:
    """A reference by name, in the form that AKO writes."""
    return f"/api/{kind}/?name={urllib.parse.quote(name)}"


def wanted(kind: str, tenant: str, name: str, body: Object) -> Wanted:
    """A wanted object; name, tenant and sum are filled in."""
    whole = {"name": name, "tenant_ref": reference("tenant", tenant), **body}
    if field := CKSUMS.get(kind):
        whole[field] = cksum(whole)
    child = whole.get("type") == "VS_TYPE_VH_CHILD"
    return Wanted(Key(kind, tenant, name), whole, child)


def cksum(body: Object) -> str:
    """The sum over an object, as decimal text; the real AKO's sums are others."""
    return str(zlib.crc32(json.dumps(body, sort_keys=True).encode()))


def differs(want: Wanted, have: Existing) -> bool:
    """True if AKO would write the object again."""
    if field := CKSUMS.get(want.key.kind):
        return bool(want.body[field] != have.body.get(field))
    asked = {key: value for key, value in want.body.items() if key not in _UNREADABLE}
    return not _within(asked, have.body)


_UNREADABLE = frozenset({"key", "tenant_ref"})


def _within(part: typing.Any, whole: typing.Any) -> bool:
    """True if every field of `part` has the same value in `whole`."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(_within(v, whole.get(k)) for k, v in part.items())
    if isinstance(part, list):
        same = isinstance(whole, list) and len(part) == len(whole)
        return same and all(_within(a, b) for a, b in zip(part, whole, strict=True))
    if isinstance(part, str) and isinstance(whole, str) and part.startswith("/api/"):
        return target(part) == target(whole)
    return bool(part == whole)


def target(text: str) -> str:
    """The name in a reference: `?name=x`, or `#x` after an object's address."""
    if "?name=" in text:
        return urllib.parse.unquote(text.partition("?name=")[2])
    return text.partition("#")[2]


def references(body: typing.Any) -> collections.abc.Iterator[tuple[str, str]]:
    """(kind, name) of all that a body refers to."""
    if isinstance(body, dict):
        for key, value in body.items():
            if key.endswith(("_ref", "_refs")):
                for text in value if isinstance(value, list) else [value]:
                    if isinstance(text, str) and "/api/" in text:
                        kind = text.partition("/api/")[2].partition("/")[0].partition("?")[0]
                        yield kind, target(text)
            else:
                yield from references(value)
    elif isinstance(body, list):
        for each in body:
            yield from references(each)
