"""The programs that make objects on Avi for a cluster, and the marks that each sets on each kind.

Having a field does not mean that a writer fills it: one row per writer and kind. All writers set
the marker ``clustername: [X]``, so it is in no row; the rows hold the author and the name.

Read in vmware/load-balancer-and-ingress-services-for-kubernetes, branches release-1.13.1,
release-1.13.4 and release-2.1.1, and main at ba495be9e:

- AKO: ``internal/rest/*.go`` (``created_by`` is ``lib.AKOUser`` on every kind that has it; vsvip
  and applicationpersistenceprofile have none; ``avi_obj_string_group.go`` sets a marker of that
  name instead), names in ``internal/lib/lib.go``. ``internal/lib/utils.go`` makes one
  applicationprofile and one healthmonitor for Services with PROXY protocol, without a marker.
- The gateway container: the same REST layer with another ``AKOUser`` and prefix
  (``cmd/gateway-api/main.go``).
- ako-crd-operator: ``ako-crd-operator/internal/controller/*_controller.go``. Of its three kinds
  only pkiprofile is sent with ``created_by``.

Nobody makes a networksecuritypolicy: what carries a cluster's marks there is a suspect.
"""

from __future__ import annotations

import functools
import re
from typing import Literal, NamedTuple

Author = Literal["field", "marker", "none"]

_NAMESPACE = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"


class MarkWriter(NamedTuple):
    """A program. In patterns ``<x>`` stands for AKO's clusterName, ``<ns>`` for a namespace."""

    name: str
    author: str
    """Pattern of ``created_by``. With a namespace: an instance that is not the primary one."""
    prefix: str
    """Pattern of the beginning of names."""


class WriterRow(NamedTuple):
    """A kind that a writer makes."""

    writer: MarkWriter
    kind: str
    author: Author
    """The place of ``created_by``: the field, a marker of that name, or none."""
    names: tuple[str, ...] = ("<prefix>.*",)


class Form(NamedTuple):
    """A row for one cluster, compiled."""

    writer: str
    author_in: Author
    author: re.Pattern[str]
    name: re.Pattern[str]

    def takes_author(self, text: str) -> bool:
        """``text``: the object's created_by, or "". A writer that sets none may set its own."""
        if self.author_in == "none" and not text:
            return True
        return self.author.fullmatch(text) is not None


AKO = MarkWriter("AKO", "ako-<x>(?:-<ns>)?", "<x>--")
GATEWAY = MarkWriter("the gateway container", "ako-gw-<x>(?:-<ns>)?", "ako-gw-<x>--")
CRD_OPERATOR = MarkWriter("ako-crd-operator", "ako-crd-operator-<x>", "ako-crd-operator-<x>--")
WRITERS = (AKO, GATEWAY, CRD_OPERATOR)

_REST_LAYER: tuple[tuple[str, Author], ...] = (
    ("virtualservice", "field"),
    ("vsvip", "none"),
    ("pool", "field"),
    ("poolgroup", "field"),
    ("httppolicyset", "field"),
    ("l4policyset", "field"),
    ("vsdatascriptset", "field"),
    ("applicationpersistenceprofile", "none"),
)
_HASHED = ("<author>-[0-9a-f]{40}",)
"""Of string groups: ``<created_by>-<sha1 of host and path>``."""

ROWS: tuple[WriterRow, ...] = (
    *(WriterRow(AKO, kind, author) for kind, author in _REST_LAYER),
    WriterRow(AKO, "stringgroup", "marker", _HASHED),
    # With Istio one certificate and one profile per namespace.
    WriterRow(AKO, "sslkeyandcertificate", "field", ("<prefix>.*", "istio-workload-<x>-<ns>")),
    WriterRow(AKO, "pkiprofile", "field", ("<prefix>.*", "istio-pki-<x>-<ns>")),
    WriterRow(AKO, "applicationprofile", "field", ("<prefix>.*", "<x>-proxy-applicationprofile")),
    WriterRow(AKO, "healthmonitor", "none", ("<prefix>.*", "<x>-tcphalfopen-healthmonitor")),
    *(WriterRow(GATEWAY, kind, author) for kind, author in _REST_LAYER),
    WriterRow(GATEWAY, "stringgroup", "marker", _HASHED),
    WriterRow(GATEWAY, "sslkeyandcertificate", "field"),
    WriterRow(GATEWAY, "pkiprofile", "field"),
    WriterRow(CRD_OPERATOR, "healthmonitor", "none"),
    WriterRow(CRD_OPERATOR, "applicationprofile", "none"),
    WriterRow(CRD_OPERATOR, "pkiprofile", "field"),
)

BESIDE_PREFIX = frozenset(row.kind for row in ROWS if row.names != ("<prefix>.*",))
"""Kinds with names in which the clusterName is not followed by ``--``."""


@functools.lru_cache(maxsize=64)
def forms(kind: str, cluster_name: str) -> tuple[Form, ...]:
    """The forms in which objects of this kind can be the cluster's; () if nobody makes any."""
    return tuple(
        Form(
            writer=row.writer.name,
            author_in=row.author,
            author=_compiled(row.writer, row.writer.author, cluster_name),
            name=_compiled(row.writer, "|".join(f"(?:{name})" for name in row.names), cluster_name),
        )
        for row in ROWS
        if row.kind == kind
    )


@functools.lru_cache(maxsize=64)
def authors(cluster_name: str) -> re.Pattern[str]:
    """Pattern of ``created_by`` for the cluster, for all writers."""
    patterns = [_compiled(writer, writer.author, cluster_name).pattern for writer in WRITERS]
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


def _compiled(writer: MarkWriter, template: str, cluster_name: str) -> re.Pattern[str]:
    text = template.replace("<author>", f"(?:{writer.author})").replace("<prefix>", writer.prefix)
    text = text.replace("<x>", re.escape(cluster_name)).replace("<ns>", _NAMESPACE)
    return re.compile(text, re.DOTALL)
