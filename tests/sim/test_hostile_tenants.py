"""Tenants who do what they can, beside a healthy fleet, over real sockets.

The hostile clusters are reached like real ones: their kubeconfig Secrets are read, parsed and
dialled by the product's own clients, and what answers is a TLS server of ours that answers what the
attack says. The healthy clusters are in memory. All attacks run at once; the healthy clusters are
onboarded as fast as without them, give or take a factor of two, and the process stays below the
memory limit of the Pod.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime
import gzip
import ipaddress
import json
import logging
import multiprocessing
import os
import pathlib
import resource
import ssl
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from akoo_core import clock as clock_
from akoo_core import external
from akoo_core.kube import client, workloads
from akoo_core.kube import resource as resources
from akoo_core.plugin import api
from akoo_core.testing import builders, memory
from akoo_core.testing.memory import cluster_api, operator
from akoo_core.testing.memory import workloads as memory_workloads

PROOF = bool(os.environ.get("AKOO_PROOF"))
HEALTHY = 30
NAMESPACE = "demo"
POD_LIMIT = 1024 * 1024 * 1024
SETTLE_SECONDS = 5.0
"""The time that the attacks run before the healthy clusters come."""
PATIENCE_SECONDS = 300.0
FLOOR_SECONDS = 0.5
"""Medians below it are not told apart: the machine has other work, too."""

Answer = Callable[[str, int], Awaitable[bytes]]
"""By path and number of the request, a whole response."""


def _certificate(folder: pathlib.Path) -> pathlib.Path:
    """A file with a certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hostile")])
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(certificate.public_bytes(pem) + private)
    return path


def _response(body: bytes, code: str = "200 OK", **headers: str) -> bytes:
    lines = {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {code}\r\n{head}\r\n".encode() + body


def _json(value: Any, code: str = "200 OK", **headers: str) -> bytes:
    return _response(json.dumps(value).encode(), code, **headers)


class Server:
    """An API server on loopback that answers what an attack says."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._requests = 0

    async def start(self, context: ssl.SSLContext) -> int:
        """The port it listens on; it serves until its process ends."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            while True:
                await self._respond(reader, writer)
        writer.close()

    async def _respond(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.split("\r\n")
        for line in lines:
            if line.lower().startswith("content-length:"):
                await reader.readexactly(int(line.partition(":")[2]))
        self._requests += 1
        writer.write(await self._answer(first.split(" ")[1], self._requests))
        await writer.drain()


def _serve_all(certificate: pathlib.Path, ports: Any) -> None:
    """The life of the process of all hostile servers: it tells their ports, and serves."""

    async def serve() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        ports.send({name: await Server(answer).start(context) for name, answer in ANSWERS.items()})
        await asyncio.Event().wait()

    asyncio.run(serve())


@contextlib.contextmanager
def _served(certificate: pathlib.Path) -> Iterator[dict[str, int]]:
    """The hostile servers, in a process of their own: what they cost is not the operator's."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve_all, args=(certificate, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()
        process.close()
        ours.close()
        theirs.close()


def _kubeconfig(certificate: pathlib.Path, port: int) -> str:
    authority = base64.b64encode(certificate.read_bytes().partition(b"-----BEGIN PRIVATE")[0])
    cluster = {
        "server": f"https://127.0.0.1:{port}",
        "certificate-authority-data": authority.decode(),
    }
    return json.dumps(
        {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
            "clusters": [{"name": "k", "cluster": cluster}],
            "users": [{"name": "u", "user": {"token": "a-token-of-a-tenant"}}],
        }
    )


# Attacks: what an API server may answer.

SYSTEM = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "kube-system", "uid": "u-1"},
}


def _after_the_first(body: bytes, code: str = "200 OK", **headers: str) -> Answer:
    """The first contact is well; from then on every answer is this one."""

    async def answer(path: str, number: int) -> bytes:
        return _json(SYSTEM) if path.endswith("/kube-system") else _response(body, code, **headers)

    return answer


def _always(body: bytes, code: str = "200 OK", **headers: str) -> Answer:
    async def answer(path: str, number: int) -> bytes:
        return _response(body, code, **headers)

    return answer


async def _slow(path: str, number: int) -> bytes:
    await asyncio.sleep(2.5)
    return _json(SYSTEM) if path.endswith("/kube-system") else _json({}, "404 Not Found")


async def _silent(path: str, number: int) -> bytes:
    await asyncio.sleep(3600.0)
    return b""


async def _endless(path: str, number: int) -> bytes:
    if path.endswith("/kube-system"):
        return _json(SYSTEM)
    page = {"metadata": {"resourceVersion": "1", "continue": f"token-{number}"}, "items": []}
    return _json(page)


async def _discovery(path: str, number: int) -> bytes:
    if path.endswith("/kube-system"):
        return _json(SYSTEM)
    kind = {"name": "x" * 100_000 + str(number), "kind": "Widget", "namespaced": True}
    return _json({"kind": "APIResourceList", "resources": [kind]})


WIDE = b'{"metadata":{"uid":"x"},"x":[' + b"[]," * 2_000_000 + b"[]]}"
DEEP = b'{"a":' * 100_000
BOMB = gzip.compress(b'{"metadata":{"uid":"x"},"x":[' + b"[]," * 6_000_000 + b"[]]}")
STATUS = {"kind": "Status", "apiVersion": "v1", "code": 429, "message": "slow down"}

ANSWERS: dict[str, Answer] = {
    "wide": _always(WIDE),
    "wide-later": _after_the_first(WIDE),
    "deep": _always(DEEP),
    "bomb": _always(BOMB, Content_Encoding="gzip"),
    "bomb-later": _after_the_first(BOMB, Content_Encoding="gzip"),
    "no-object": _always(b"[]"),
    "empty": _always(b"{}"),
    "not-utf-8": _always(b'"\xff"'),
    "wrong-types": _always(b'{"metadata":{"uid":7}}'),
    "wrong-status": _always(b'{"kind":"Status","details":["x"],"code":"x"}', "404 Not Found"),
    "retry-after-0": _always(json.dumps(STATUS).encode(), "429 Slow", Retry_After="0"),
    "retry-after-nan": _after_the_first(json.dumps(STATUS).encode(), "429 Slow", Retry_After="nan"),
    "slow-1": _slow,
    "slow-2": _slow,
    "slow-3": _slow,
    "slow-4": _slow,
    "slow-5": _slow,
    "slow-6": _slow,
    "silent": _silent,
    "endless": _endless,
    "discovery": _discovery,
}


def _aliases(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in range(1, levels):
        refs = ", ".join([f"*a{level - 1}"] * 9)
        lines.append(f"a{level}: &a{level} [{refs}]")
    lines.append(
        f"clusters: [{{name: k, cluster: {{certificate-authority-data: *a{levels - 1}}}}}]"
    )
    return "\n".join(lines)


KUBECONFIGS = {
    "aliases": _aliases(8),
    "no-yaml": "{" * 60_000,
    "odd-host": json.dumps(
        {"clusters": [{"name": "k", "cluster": {"server": "https://a..b:6443"}}]}
    ),
    "unknown-host": json.dumps(
        {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
            "clusters": [{"name": "k", "cluster": {"server": "https://nobody.invalid:6443"}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
        }
    ),
}


# The fleet.


class Small(api.Plugin):
    """Deploys a few objects, one of a kind that has to be discovered."""

    name = "small"

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution:
        maps = [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": f"map-{number}", "namespace": "default"},
                "data": {},
            }
            for number in range(10)
        ]
        hostile = view.spec.cluster_ref.name.startswith("hostile-")
        widget = {
            "apiVersion": "example.com/v1",
            "kind": "Widget",
            "metadata": {"name": "w", "namespace": "default"},
        }
        return api.Contribution(objects=tuple(maps) + ((widget,) if hostile else ()))


class Mixed:
    """Hostile clusters over the network, the others in memory."""

    def __init__(self, real: workloads.WorkloadClients, inner: Any) -> None:
        self._real, self._inner = real, inner
        self._hostile: set[str] = set()

    def _of(self, cluster_uid: str) -> Any:
        return self._real if cluster_uid in self._hostile else self._inner

    async def client_for(self, namespace: str, name: str, cluster_uid: str) -> client.KubeClient:
        if name.startswith("hostile-"):
            self._hostile.add(cluster_uid)
        client_: client.KubeClient = await self._of(cluster_uid).client_for(
            namespace, name, cluster_uid
        )
        return client_

    def silent_seconds(self, cluster_uid: str) -> float:
        seconds: float = self._of(cluster_uid).silent_seconds(cluster_uid)
        return seconds

    async def forget(self, cluster_uid: str) -> None:
        await self._of(cluster_uid).forget(cluster_uid)

    async def close(self) -> None:
        await self._real.close()
        await self._inner.close()


async def _attack(fleet: HostileFleet, certificate: pathlib.Path, ports: dict[str, int]) -> None:
    for name, port in ports.items():
        await fleet.hostile(name, _kubeconfig(certificate, port))
    for name, text in KUBECONFIGS.items():
        await fleet.hostile(name, text)
    await fleet.capi.create("hostile-moves", NAMESPACE, {"lb": "avi"}, {})
    moving = {"metadata": {"annotations": {"clusterctl.cluster.x-k8s.io/delete-for-move": ""}}}
    await fleet.user.merge_patch(resources.CLUSTERS, "hostile-moves", moving, NAMESPACE)


class HostileFleet:
    """A management cluster in memory and one operator, in real time."""

    def __init__(self) -> None:
        clock = clock_.SystemClock()
        self.management = memory.MemoryServer(
            name="management", clock=clock, resources=cluster_api.KINDS, definitions=True
        )
        self.capi = cluster_api.MemoryClusterApi(self.management, clock)
        self.user = self.management.client(field_manager="kubectl")
        seam = external.External()
        mine = self.management.client(external=seam)
        real = workloads.WorkloadClients(
            mine, external=seam, clock=clock, deadline_seconds=3.0, allow_local_addresses=True
        )
        inner = memory_workloads.MemoryWorkloads(
            mine, self.capi.workloads, external=seam, clock=clock
        )
        self._operator = operator.MemoryOperator(
            [Small()], self.management, Mixed(real, inner), external=seam, clock=clock
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        config = builders.config({"clusterSelector": {"matchLabels": {"lb": "avi"}}})
        body = {**config, "metadata": {"name": "default"}}
        await self.user.create(resources.AKO_DEPLOYMENT_CONFIGS, body)
        process = asyncio.create_task(self._operator.run())
        try:
            yield
            assert not process.done(), "the operator goes on"
        finally:
            process.cancel()
            await asyncio.gather(process, return_exceptions=True)

    async def hostile(self, name: str, kubeconfig: str) -> None:
        """A Cluster whose kubeconfig Secret its author has written."""
        full = f"hostile-{name}"
        await self.capi.create(full, NAMESPACE, {"lb": "avi"}, {})
        value = base64.b64encode(kubeconfig.encode()).decode()
        patch = {"data": {"value": value}}
        await self.user.merge_patch(resources.SECRETS, f"{full}-kubeconfig", patch, NAMESPACE)

    async def onboard(self, number: int) -> float:
        """Seconds until a new healthy cluster runs."""
        name = f"healthy-{number}"
        begun = time.perf_counter()
        await self.capi.create(name, NAMESPACE, {"lb": "avi"}, {})
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not self._runs(name):  # noqa: ASYNC110 - the state of a server in memory
                await asyncio.sleep(0.02)
        return time.perf_counter() - begun

    def _runs(self, name: str) -> bool:
        return any(
            record["spec"]["clusterRef"]["name"] == name
            and (record.get("status") or {}).get("phase") == "Running"
            for record in self.management.objects(resources.AKO_DEPLOYMENTS)
        )


async def _median(certificate: pathlib.Path, ports: dict[str, int]) -> float:
    """Of the onboarding of the healthy clusters, one after the other. No ``ports``: no attack."""
    fleet = HostileFleet()
    async with fleet.running():
        if ports:
            await _attack(fleet, certificate, ports)
            await asyncio.sleep(SETTLE_SECONDS)
        return statistics.median([await fleet.onboard(number) for number in range(HEALTHY)])


@pytest.mark.skipif(not PROOF, reason="real time and real sockets are for make proof")
def test_hostile_tenants_beside_a_healthy_fleet(tmp_path: pathlib.Path) -> None:
    certificate = _certificate(tmp_path)
    with _served(certificate) as ports:
        quiet = asyncio.run(_median(certificate, {}))
        attacked = asyncio.run(_median(certificate, ports))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    figures = f"{quiet:.3f} s alone, {attacked:.3f} s attacked; peak {peak >> 20} MiB"
    logging.getLogger(__name__).info(figures)
    assert attacked <= 2 * max(quiet, FLOOR_SECONDS), figures
    assert peak < POD_LIMIT, figures
