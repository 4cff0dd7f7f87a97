"""Parts of AKO's StatefulSet, whoever made it; pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from akoo_ako import names
from akoo_core.plugin import structs


class ImageReference(NamedTuple):
    """An image reference, split."""

    repository: str
    tag: str = ""
    digest: str = ""


def parse_image(text: str) -> ImageReference:
    """``host:5000/ako:2.1.1@sha256:...`` in its parts."""
    before, _, digest = text.partition("@")
    head, slash, last = before.rpartition("/")
    name, _, tag = last.partition(":")
    return ImageReference(f"{head}{slash}{name}", tag, digest)


def pod_spec(stateful_set: structs.JSON) -> dict[str, Any]:
    """The spec of its Pods; {} where it has none."""
    spec: dict[str, Any] = stateful_set.get("spec") or {}
    template: dict[str, Any] = spec.get("template") or {}
    return template.get("spec") or {}


def containers(spec: structs.JSON) -> list[dict[str, Any]]:
    """The containers of a Pod spec."""
    return list(spec.get("containers") or ())


def ako_container(spec: structs.JSON) -> dict[str, Any]:
    """The container of AKO in a Pod spec; {} where there is none.

    Helm calls it ``ako``, the ancestor's package ``ako-<namespace>-<cluster>``, and others may run
    beside it. AKO itself is the one that gets the address of the Avi Controller.
    """
    listed = [each for each in containers(spec) if each.get("name") != names.GATEWAY_CONTAINER]
    for matches in (_is_named_ako, _knows_controller):
        for container in listed:
            if matches(container):
                return container
    return listed[0] if listed else {}


def gateway_container(spec: structs.JSON) -> dict[str, Any]:
    """The container for the Gateway API; {} where there is none."""
    for container in containers(spec):
        if container.get("name") == names.GATEWAY_CONTAINER:
            return container
    return {}


def other_containers(spec: structs.JSON) -> list[dict[str, Any]]:
    """The containers that are neither."""
    own = (ako_container(spec).get("name"), names.GATEWAY_CONTAINER)
    return [container for container in containers(spec) if container.get("name") not in own]


def variable(container: structs.JSON, name: str) -> str:
    """The literal value of an environment variable, or ""."""
    for entry in container.get("env") or ():
        if entry.get("name") == name:
            return str(entry.get("value") or "")
    return ""


def claim(spec: structs.JSON) -> str:
    """The name of the PersistentVolumeClaim for logs; "" for none."""
    for volume in spec.get("volumes") or ():
        if volume.get("name") == LOG_VOLUME:
            return str((volume.get("persistentVolumeClaim") or {}).get("claimName") or "")
    return ""


LOG_VOLUME = "ako-pv-storage"


def _is_named_ako(container: structs.JSON) -> bool:
    return container.get("name") == names.CONTAINER


def _knows_controller(container: structs.JSON) -> bool:
    return any(entry.get("name") == "CTRL_IPADDRESS" for entry in container.get("env") or ())
