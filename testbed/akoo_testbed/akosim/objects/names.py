"""Names and marks of AKO's Avi objects; pure.

After AKO 1.13/2.1. A name of the EVH kind hides the plain name behind a sum over all of it.
"""

import collections.abc
import hashlib

from akoo_testbed.kubeapi import Object

NAME_LIMIT = 255
"""Longer names are not created by AKO with SNI."""


def prefix(cluster: str) -> str:
    """The prefix of a cluster's objects' names."""
    return f"{cluster}--"


def created_by(cluster: str, *, primary: bool, namespace: str) -> str:
    """The mark in the field created_by; `namespace` is that of AKO's Pod."""
    return f"ako-{cluster}" if primary else f"ako-{cluster}-{namespace}"


def hashed(cluster: str, plain: str) -> str:
    """The EVH form of a plain name that has its prefix already."""
    return prefix(cluster) + hashlib.sha1(plain.encode(), usedforsecurity=False).hexdigest()


def string_group(user: str, host_and_path: str) -> str:
    """A string group's name: it starts with the mark of created_by, not with the prefix."""
    return f"{user}-{hashlib.sha1(host_and_path.encode(), usedforsecurity=False).hexdigest()}"


def flat_path(path: str) -> str:
    """A path as part of a name."""
    return path.replace("/", "_")


def bucket(host: str, size: int) -> int:
    """The number of the shared parent, out of `size` (a power of two), that serves a host: FNV-1a,
    as AKO has it."""
    total = 0x811C9DC5
    for byte in host.encode():
        total = (total ^ byte) * 0x01000193 & 0xFFFFFFFF
    return total & (size - 1)


def markers(cluster: str, **values: collections.abc.Iterable[str]) -> list[Object]:
    """The markers of an object: `clustername` and more, in Avi's form, sorted by key."""
    all_markers = {"clustername": [cluster], **{key: sorted(set(v)) for key, v in values.items()}}
    return [
        {"key": key, "values": all_markers[key]} for key in sorted(all_markers) if all_markers[key]
    ]
