"""Controllers of a plugin's own kinds, and rights in the management cluster."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from opentelemetry import trace

from akoo_core import clock, external, structs
from akoo_core.contract.means import Keep, LoginMemory, SecretReader, ThreadPool
from akoo_core.contract.reports import PlannedAction
from akoo_core.contract.results import Result
from akoo_core.contract.secrets import SecretPair
from akoo_core.kube import client
from akoo_core.kube.resource import Resource


class RbacRule(structs.Struct, frozen=True, kw_only=True):
    """One rule the operator's ClusterRole needs (``akoo-core manifests rbac`` prints them)."""

    groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()


class Request(structs.Struct, frozen=True, kw_only=True):
    """One key of a plugin's controller, as reconcile gets it."""

    key: str
    attempt: int


class ControllerContext(structs.Struct, frozen=True, kw_only=True):
    """The means of a plugin's controller, for one reconcile or one run of a source.

    ``secrets`` reads each Secret once in a reconcile, and anew for each read in a source.
    """

    kube: client.KubeClient
    """The management cluster, limited to ``watches`` and ``writes`` of the registration."""
    clock: clock.Clock
    external: external.External
    secrets: SecretReader
    threads: ThreadPool
    tracer: trace.Tracer
    log: logging.LoggerAdapter[logging.Logger]
    management_id: str = ""
    """Identity of this management cluster: the mark of our things outside."""
    logins: LoginMemory | None = None
    """As in VerbContext."""
    keep: Keep | None = None
    """As in VerbContext."""
    watch_namespace: str = ""
    """The only namespace whose Clusters the operator watches; "" for all. Records of Clusters
    elsewhere are left alone: their facts and status are old."""

    def follows(self, record: structs.JSON) -> bool:
        """True if the operator watches the Cluster of this AKODeployment, as the API sends it."""
        return self.watch_namespace in ("", record["spec"]["clusterRef"]["namespace"])


AddKey = Callable[[str], None]
"""Adds a key to the queue of a controller. A key that waits already is not added twice."""


Source = Callable[[ControllerContext, AddKey], Awaitable[None]]
"""Follows a system outside and adds the keys that its news concern. It runs until it is cancelled:
when it ends or raises, it is started anew after a backoff of 1 to 60 seconds. It reads only. Its
waits for news are ``ctx.external.call(..., write=False, waiting=True)``."""


class ControllerRegistration(structs.Struct, frozen=True, kw_only=True):
    """A controller of a plugin: the kinds it watches, their keys, and the reconcile of a key."""

    name: str
    watches: tuple[Resource, ...]
    """Kinds that are watched, in all namespaces; those of Cluster API and its providers in
    ``watchNamespace`` only, where the operator's settings name it. Records of Clusters elsewhere
    are still seen."""
    keys: Callable[[Resource, client.Object], tuple[str, ...]]
    """Pure: the keys an object concerns. Called for old and new state of each change."""
    reconcile: Callable[[Request, ControllerContext], Awaitable[Result]]
    writes: tuple[Resource, ...] = ()
    workers: int = 4
    secrets: Callable[[client.Object], tuple[SecretPair, ...]] | None = None
    """Pure: (namespace, name) of the Secrets a watched object depends on; when one of them changes,
    the keys of that object are reconciled again."""
    goes_by: Callable[[Resource, client.Object], object] | None = None
    """Pure: the part of a watched object that this controller reads, compared with ``==``. A change
    that leaves it equal starts nothing. None: the whole object, with its status."""
    finalizer: str = ""
    """Its finalizer on objects of the kinds it writes; ``uninstall --orphan`` removes it."""
    optional: tuple[Resource, ...] = ()
    """Kinds of others that are watched, too, as soon as they are served. One that is not served
    keeps nothing waiting; requests for it end with NotFoundError (``kind_missing``)."""
    plan: Callable[[Request, ControllerContext], Awaitable[tuple[PlannedAction, ...]]] | None = None
    """The actions that reconcile would take for a key now, for ``akoo-core plan --kind``. Reads
    only. It is asked for the keys of an object of any kind that is watched."""
    outside: Callable[[Resource, client.Object], str] | None = None
    """Pure: the thing outside that a watched object stands for, with its fate when the operator is
    uninstalled, in words; "" for none. ``uninstall`` lists them before it acts."""
    subject: Resource | None = None
    """The watched kind whose names are the keys: ``akoo-core trace --kind`` shows the history of
    its objects. None: the keys are no names."""
    sources: tuple[Source, ...] = ()
    """The leader starts them once every kind was listed, and cancels them with its lease."""
