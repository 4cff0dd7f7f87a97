"""The shape of an install: its objects as they stand, as a fact of the record; pure.

Server defaults are part of it: with them, a dry run of the shape shows an equal object on any
version of Kubernetes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar, Final

from akoo_ako import names
from akoo_ako.installs import kinds, template
from akoo_ako.installs.recognise import Install
from akoo_ako.installs.seen import Seen, metadata_of, name_of, namespace_of
from akoo_ako.installs.verdict import Verdict
from akoo_core.plugin import api, structs

LARGEST: Final = 32 * 1024
"""Bytes of the shape as JSON. The usual one has a third of that."""
_OF_SERVER: Final = frozenset({"apiVersion", "kind", "metadata", "status"})
_TOKENS: Final = "secrets"
"""Of a ServiceAccount: the token controller's."""
_MARKS_OF_OTHERS: Final = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        names.DELETION_STATUS,
        names.GATEWAY_DELETION_STATUS,
        names.ASKED_AT_ANNOTATION,
        names.ANSWERED_AT_ANNOTATION,
    }
)
"""Annotations that AKO writes, or that are as long as the object."""
_SECRET: Final = re.compile(r"passw|secret|token|credential|private", re.IGNORECASE)
_KINDS: Final = tuple(
    kind.kind for kind in kinds.OWN if kind.kind not in ("Secret", "CustomResourceDefinition")
)


class ShapeObject(structs.Struct, frozen=True, kw_only=True):
    """One object."""

    uid: str
    manifest: structs.JSON


class AkoShape(api.Fact, frozen=True, kw_only=True):
    """The objects of an install, as they were before akoo-core wrote any of them."""

    fact_name: ClassVar[str] = "AkoShape"

    objects: tuple[ShapeObject, ...]
    secret_uid: str = ""
    """Of Secret avi-secret; "" where there is none. Its values are nowhere here."""
    secret_labels: dict[str, str] = {}
    """Of Secret avi-secret."""

    def of(self, kind: str) -> structs.JSON:
        """The manifest of the first object of that kind; {} for none."""
        for each in self.objects:
            if each.manifest["kind"] == kind:
                return each.manifest
        return {}

    @property
    def data(self) -> dict[str, str]:
        """Of the ConfigMap."""
        data: dict[str, str] = self.of("ConfigMap").get("data") or {}
        return data


def of(install: Install, objects: Seen) -> AkoShape:
    """The shape of an install."""
    mine = {(obj.kind, obj.namespace, obj.name) for obj in install.objects}
    own = [obj for obj in objects.own if _key(obj) in mine]
    secrets = (metadata_of(obj) for obj in own if obj["kind"] == "Secret")
    secret: dict[str, Any] = next(secrets, {})
    return AkoShape(
        objects=tuple(
            ShapeObject(uid=str(metadata_of(obj).get("uid") or ""), manifest=manifest(obj))
            for obj in sorted(own, key=_order)
            if obj["kind"] in _KINDS
        ),
        secret_uid=str(secret.get("uid") or ""),
        secret_labels=dict(secret.get("labels") or {}),
    )


def manifest(obj: structs.JSON) -> structs.JSON:
    """The manifest of an apply that leaves the object as it stands."""
    metadata: dict[str, Any] = {"name": name_of(obj)}
    if namespace_of(obj):
        metadata["namespace"] = namespace_of(obj)
    labels = dict(metadata_of(obj).get("labels") or {})
    annotations = {
        key: value
        for key, value in (metadata_of(obj).get("annotations") or {}).items()
        if key not in _MARKS_OF_OTHERS
    }
    metadata |= {"labels": labels} if labels else {}
    metadata |= {"annotations": annotations} if annotations else {}
    body = {
        key: _without_status(_filled(value))
        for key, value in obj.items()
        if key not in _OF_SERVER and not (obj["kind"] == "ServiceAccount" and key == _TOKENS)
    }
    named = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": metadata}
    return {**named, **body}


def problem(shape: AkoShape) -> Verdict | None:
    """The verdict on a shape that cannot be stored; None for any other."""
    size = len(structs.encode_json(structs.to_object(shape)))
    if size > LARGEST:
        return Verdict(
            reason="ShapeTooLarge",
            message=f"Its objects have {size} bytes, and a record takes {LARGEST}. Make its "
            "StatefulSet or its ConfigMap smaller.",
        )
    hidden = sorted(set(_hidden(shape)))
    if hidden:
        return Verdict(
            reason="ShapeHoldsSecret",
            message=f"Its Pod template may hold a secret as plain text ({', '.join(hidden)}), and "
            "records hold none. Take it from a Secret (valueFrom.secretKeyRef).",
        )
    return None


def _hidden(shape: AkoShape) -> Iterator[str]:
    pods = template.pod_spec(shape.of("StatefulSet"))
    for container in (*template.containers(pods), *(pods.get("initContainers") or ())):
        for entry in container.get("env") or ():
            if entry.get("value") and _SECRET.search(str(entry.get("name") or "")):
                yield f"variable {entry['name']} of container {container.get('name')}"


def _key(obj: structs.JSON) -> tuple[str, str, str]:
    return obj["kind"], namespace_of(obj), name_of(obj)


def _order(obj: structs.JSON) -> tuple[int, str]:
    return _KINDS.index(obj["kind"]) if obj["kind"] in _KINDS else len(_KINDS), name_of(obj)


def _filled(value: Any) -> Any:
    """Without nulls, which an apply would take for a wish."""
    if isinstance(value, dict):
        return {key: _filled(inner) for key, inner in value.items() if inner is not None}
    return [_filled(inner) for inner in value] if isinstance(value, list) else value


def _without_status(value: Any) -> Any:
    """Without the status in claim templates."""
    if not isinstance(value, dict) or "volumeClaimTemplates" not in value:
        return value
    claims = value["volumeClaimTemplates"]
    plain = [{key: each for key, each in claim.items() if key != "status"} for claim in claims]
    return {**value, "volumeClaimTemplates": plain}
