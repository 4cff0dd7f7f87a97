"""Contributions: the objects that a plugin wants in a workload cluster."""

from __future__ import annotations

from akoo_core import structs
from akoo_core.contract.results import Wait
from akoo_core.contract.secrets import SecretSource


class SecretObject(structs.Struct, frozen=True, kw_only=True):
    """A Secret to be made in the workload cluster from sources."""

    namespace: str
    name: str
    data: dict[str, SecretSource]
    type: str = "Opaque"
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class AdoptedObject(structs.Struct, frozen=True, kw_only=True):
    """An object in the workload cluster that somebody else made, and that is to be ours."""

    api_version: str
    kind: str
    name: str
    namespace: str = ""
    uid: str
    """Only the object with this UID is taken over."""


class Contribution(structs.Struct, frozen=True, kw_only=True):
    """The objects a plugin wants in the workload cluster: exactly the fields it owns.

    ``objects`` are plain manifests (no Secrets). The core adds its labels, applies them by kind
    order with server-side apply, and prunes what is no longer contributed.
    """

    objects: tuple[structs.JSON, ...] = ()
    secrets: tuple[SecretObject, ...] = ()
    definitions: tuple[str, ...] = ()
    """Names of CustomResourceDefinitions (``hostrules.ako.vmware.com``) that others put into the
    cluster. Without them nothing is written (``DefinitionsMissing``). Those that this record made
    earlier stay."""
    adopts: tuple[AdoptedObject, ...] = ()
    """Objects among ``objects`` and ``secrets`` that somebody else made and that are taken over.
    Before the first of them is written, a dry run has to show that no Pod template, no data of a
    ConfigMap and no value of a Secret changes; else nothing is written (``AdoptionWouldRestart``).
    """
    held: Wait | None = None
    """Everything is looked at as before a write, and nothing is written. Where nothing is in the
    way, this is the answer of the plugin, and ``view.held`` is True in its next ``observe``."""
