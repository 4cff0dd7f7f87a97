"""Clients of workload clusters: one per Cluster UID, following its kubeconfig Secret."""

from __future__ import annotations

import asyncio
import base64
import binascii
import dataclasses
import hashlib
import random
import re
import urllib.parse
from collections.abc import Callable
from typing import NamedTuple

from akoo_core import trust
from akoo_core.clock import Clock
from akoo_core.external import DEFAULT_DEADLINE_SECONDS, External
from akoo_core.kube import caller, circuit, client, dialing, endpoint, errors, lookups, transport
from akoo_core.kube import resource as resources
from akoo_core.kube.access import kubeconfig
from akoo_core.objects import names
from akoo_core.telemetry import certificates, redaction

SECRET_KEY = "value"  # noqa: S105 the key under which Cluster API keeps a kubeconfig

HTTPS_PORT = 443

MASKED_TOKEN_LENGTH = 16
"""Characters. Real tokens are longer; a tenant's shorter token would mask words in our log."""

CLIENT: certificates.Use = "workload-client"

_UID = re.compile(r"[A-Za-z0-9-]{1,64}")

VersionOf = Callable[[str, str], str | None]
"""``uid/resourceVersion`` of a Secret (namespace, name) as the caches have it; None: unknown."""


def _unknown(_namespace: str, _name: str) -> str | None:
    return None


class Kubeconfig(NamedTuple):
    """A kubeconfig as it was read."""

    version: str
    """``uid/resourceVersion`` of its Secret."""
    digest: str
    text: bytes


class WorkloadClients:
    """The pool. Every cluster has its own connections and circuit: none delays another.

    ``management`` reads the Secrets; not again while ``version_of`` says that a Secret is the one
    that was read (default: read each time). ``deadline_seconds`` bounds each call to a workload
    cluster. Calls go through the proxy of ``external``, unless a kubeconfig names its own.
    """

    def __init__(
        self,
        management: client.KubeClient,
        *,
        external: External,
        clock: Clock,
        deadline_seconds: float = DEFAULT_DEADLINE_SECONDS,
        allow_insecure_tls: bool = False,
        allow_proxy: bool = False,
        allow_local_addresses: bool = False,
        chance: random.Random | None = None,
        version_of: VersionOf = _unknown,
    ) -> None:
        self._management = management
        self.version_of = version_of
        self._external = external
        self._clock = clock
        self._deadline_seconds = deadline_seconds
        self._allow_insecure_tls = allow_insecure_tls
        self._allow_proxy = allow_proxy
        self._allow_local_addresses = allow_local_addresses
        self._lookups = lookups.Lookups()
        self._chance = chance
        self._pool: dict[str, _Pooled] = {}

    async def client_for(self, namespace: str, name: str, cluster_uid: str) -> client.KubeClient:
        """The client of one Cluster, on the kubeconfig its Secret holds now.

        It stays valid until ``forget``: a changed Secret and a 401 swap its endpoint below it. A
        Secret that vanished (its control plane went first) leaves an open client usable. Raises
        NotFoundError without a kubeconfig, KubeconfigError for one that cannot be used, and what
        reading the Secret raises.
        """
        pooled = self._pool.get(cluster_uid)
        if pooled is None:
            network = dialing.Network(
                self._lookups.of(cluster_uid), local=self._allow_local_addresses, quiet=True
            )
            pooled = self._pool[cluster_uid] = _Pooled(self, namespace, name, network)
        try:
            await pooled.follow()
        except errors.NotFoundError:
            if pooled.client is None:
                raise
        if pooled.client is None:
            raise errors.UnreachableError(f"the client of {namespace}/{name} was closed meanwhile")
        return pooled.client

    def silent_seconds(self, cluster_uid: str) -> float:
        """Seconds without an answer; 0.0 while the API answers, and before the first request."""
        pooled = self._pool.get(cluster_uid)
        return pooled.circuit.silent_seconds if pooled else 0.0

    async def forget(self, cluster_uid: str) -> None:
        """Close what is open to that cluster, and drop what is remembered of it."""
        self._lookups.forget(cluster_uid)
        pooled = self._pool.pop(cluster_uid, None)
        if pooled is not None:
            await pooled.close()

    async def close(self) -> None:
        """Close everything. Safe to call twice."""
        for cluster_uid in tuple(self._pool):
            await self.forget(cluster_uid)
        await self._lookups.close()

    async def read(self, namespace: str, name: str) -> Kubeconfig:
        """The kubeconfig of a Cluster, read live."""
        secret_name = names.kubeconfig_secret_name(name)
        secret = await self._management.get(resources.SECRETS, secret_name, namespace)
        value = (secret.get("data") or {}).get(SECRET_KEY)
        try:
            text = base64.b64decode(value or "", validate=True)
        except binascii.Error:
            text = b""
        if not text:
            where = f"Secret {namespace}/{secret_name}"
            message = f"{where} has no kubeconfig under {SECRET_KEY!r}; put it there"
            raise errors.KubeconfigError("KubeconfigInvalid", message)
        metadata = secret["metadata"]
        version = f"{metadata['uid']}/{metadata['resourceVersion']}"
        return Kubeconfig(version, hashlib.sha256(text).hexdigest(), text)

    async def endpoint_of(self, text: bytes) -> tuple[endpoint.Endpoint, float | None]:
        """The endpoint that a kubeconfig allows, and the end of our certificate there (Unix time;
        None without one)."""
        # In a thread: what a tenant writes as YAML must not hold up the event loop.
        return await asyncio.to_thread(self._opened, text)

    def _opened(self, text: bytes) -> tuple[endpoint.Endpoint, float | None]:
        parsed = kubeconfig.parse(
            text,
            allow_insecure_tls=self._allow_insecure_tls,
            allow_proxy=self._allow_proxy,
            allow_local_addresses=self._allow_local_addresses,
        )
        if parsed.token and len(parsed.token) >= MASKED_TOKEN_LENGTH:
            redaction.register(parsed.token)
        opened = parsed.open()
        if opened.proxy is None:
            server = urllib.parse.urlsplit(opened.server)
            host, port = server.hostname or "", server.port or HTTPS_PORT
            opened = dataclasses.replace(
                opened, through=self._external.proxies.proxy_for(host, port)
            )
        return opened, trust.ends(parsed.client_certificate or b"")

    def connect(
        self,
        opened: endpoint.Endpoint,
        breaker: circuit.Circuit,
        renew: caller.Renew,
        network: dialing.Network,
    ) -> transport.HttpClient:
        """A new client of a workload cluster."""
        return transport.HttpClient(
            opened,
            external=self._external,
            system="workload",
            circuit=breaker,
            renew=renew,
            deadline_seconds=self._deadline_seconds,
            network=network,
        )

    def circuit(self) -> circuit.Circuit:
        return circuit.Circuit(self._clock, chance=self._chance)


class _Pooled:
    """One cluster: its client, the hash of its kubeconfig, its circuit."""

    def __init__(
        self, owner: WorkloadClients, namespace: str, name: str, network: dialing.Network
    ) -> None:
        self._owner = owner
        self._network = network
        self._namespace = namespace
        self._name = name
        self._version = ""
        self._digest = ""
        self._changing = asyncio.Lock()
        self._closed = False
        self.circuit = owner.circuit()
        self.client: transport.HttpClient | None = None

    async def follow(self) -> None:
        """Use the Secret's current content; it is not read while the caches show the same
        version."""
        secret_name = names.kubeconfig_secret_name(self._name)
        seen = self._owner.version_of(self._namespace, secret_name)
        if self.client is None or seen is None or seen != self._version:
            await self.refresh()

    async def refresh(self) -> bool:
        """Read the Secret and use its content. Return True if it had changed."""
        read = await self._owner.read(self._namespace, self._name)
        async with self._changing:
            if self._closed:
                return False
            if read.digest == self._digest:
                self._version = read.version
                return False
            opened, ends = await self._owner.endpoint_of(read.text)
            if self.client is None:
                self.client = self._owner.connect(opened, self.circuit, self._renew, self._network)
            else:
                await self.client.swap(opened)
                # Another endpoint or credential: what the old one did says nothing about it.
                self.circuit.answered()
            self._version, self._digest = read.version, read.digest
            self._note(ends)
            return True

    def _note(self, ends: float | None) -> None:
        """Take the end of our certificate for the metric."""
        if ends is None:
            certificates.EXPIRIES.forget(CLIENT, self._key)
        else:
            certificates.EXPIRIES.note(CLIENT, self._key, ends, stays=True)

    @property
    def _key(self) -> str:
        return f"{self._namespace}/{self._name}"

    async def close(self) -> None:
        self._closed = True
        async with self._changing:
            certificates.EXPIRIES.forget(CLIENT, self._key)
            if self.client is not None:
                await self.client.close()

    async def _renew(self) -> bool:
        """Read the Secret once after a 401. The error stays the 401 if that does not help."""
        try:
            return await self.refresh()
        except errors.KubeError:
            return False


async def kube_system_uid(workload: client.KubeClient) -> str:
    """The identity of the cluster: the UID of its kube-system namespace, which is never deleted.

    It is stored and quoted, so a text that cannot be a UID raises ServerError.
    """
    namespace = await workload.get(resources.NAMESPACES, "kube-system")
    uid = namespace["metadata"].get("uid")
    if not isinstance(uid, str) or not _UID.fullmatch(uid):
        raise errors.ServerError("the namespace kube-system has no UID that could be one")
    return uid
