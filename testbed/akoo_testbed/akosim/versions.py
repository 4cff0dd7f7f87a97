"""The Kubernetes versions that an AKO runs on: outside its range the process ends; pure."""

import re

_RANGES = {
    "1.12.1": (25, 29),
    "1.12.2": (25, 30),
    "1.12.3": (24, 30),
    "1.13.1": (27, 32),
    "1.13.2": (24, 32),
    "1.13.3": (24, 34),
    "1.13.4": (24, 34),
    "1.14.1": (29, 34),
    "2.1.1": (29, 34),
    "2.2.1": (29, 34),
}
"""Release of AKO -> first and last minor of Kubernetes 1."""

_TAG = re.compile(r":v?(\d+\.\d+\.\d+)$")


def kubernetes_problem(image: str, minor: str) -> str | None:
    """The reason why the AKO of this image refuses a Kubernetes of this minor; None: it does not.

    A tag that is no release, and a minor with a suffix ("29+"), are not checked.
    """
    tag = _TAG.search(image)
    span = _RANGES.get(tag.group(1)) if tag else None
    if span is None or not minor.isdigit():
        return None
    first, last = span
    if first <= int(minor) <= last:
        return None
    return f"Kubernetes 1.{minor} is not in 1.{first} to 1.{last}"
