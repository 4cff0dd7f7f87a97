"""Rules for domain names, and the name of each cluster. Pure."""

from __future__ import annotations

import re

_LABEL = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
LIMIT = 253
"""Characters of a whole domain name (RFC 1035)."""


def problem(domain: str) -> str:
    """The reason why this is no domain name, or ""."""
    if len(domain) > LIMIT:
        return f"{domain!r} is longer than {LIMIT} characters"
    for label in domain.split("."):
        if not _LABEL.match(label):
            return f"{label!r} in {domain!r} is no DNS label (a-z, 0-9 and -, at most 63)"
    return ""


def of_cluster(namespace: str, name: str, domain: str) -> str:
    """``shop.team-a.clusters.example.com``. Dots in names of clusters become hyphens."""
    return f"{name.replace('.', '-')}.{namespace}.{domain}"
