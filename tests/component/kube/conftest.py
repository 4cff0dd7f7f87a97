"""The same API, twice: in memory, and a real kube-apiserver."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import datetime
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from akoo_testbed import running
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from akoo_core import external
from akoo_core.clock import ManualClock
from akoo_core.kube import client, transport
from akoo_core.kube.access import config
from akoo_core.kube.resource import CUSTOM_RESOURCE_DEFINITIONS, NAMESPACES, Resource
from akoo_core.testing import BUILT_IN, MemoryServer

WIDGETS = Resource("contract.akoo.io", "v1", "widgets", "Widget")
_OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_CONDITIONS = {
    "type": "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["type"],
    "items": {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"}}}
    | {"x-kubernetes-preserve-unknown-fields": True},
}
WIDGET_CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": WIDGETS.qualified},
    "spec": {
        "group": WIDGETS.group,
        "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets", "singular": "widget"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": _OPEN,
                            "status": _OPEN | {"properties": {"conditions": _CONDITIONS}},
                        },
                    }
                },
            }
        ],
    },
}
_namespaces = itertools.count(1)


@dataclasses.dataclass
class Api:
    """One API server to hold to the contract, and a namespace of the test's own."""

    client: client.KubeClient
    namespace: str
    widgets: Resource
    forgotten: Callable[[], str]
    """A version that is too old to be watched."""
    passes: Callable[[], Awaitable[None]]
    """Some of the server's time passes."""


@dataclasses.dataclass
class RealServer:
    """The run's kube-apiserver, with the kind that the contract is about."""

    running: running.RunningServer
    kubeconfig: str
    """A file."""


@pytest.fixture(scope="session")
def real_server(
    apiserver: running.RunningServer, tmp_path_factory: pytest.TempPathFactory
) -> RealServer:
    file = tmp_path_factory.mktemp("kube") / "admin.kubeconfig"
    file.write_text(apiserver.kubeconfig)
    real = RealServer(apiserver, str(file))
    apiserver.run(_prepare(real))
    return real


async def _prepare(real: RealServer) -> None:
    kube = await connect(real.kubeconfig)
    try:
        await kube.apply(CUSTOM_RESOURCE_DEFINITIONS, WIDGET_CRD)
        async with asyncio.timeout(20):
            async for event in kube.watch(
                CUSTOM_RESOURCE_DEFINITIONS, field_selector=f"metadata.name={WIDGETS.qualified}"
            ):
                conditions = event.object.get("status", {}).get("conditions") or []
                if any(c["type"] == "Established" and c["status"] == "True" for c in conditions):
                    break
    finally:
        await kube.close()


async def connect(kubeconfig: str) -> transport.HttpClient:
    """A client of the server that the file names."""
    endpoint = await config.endpoint_of(kubeconfig)
    return transport.HttpClient(endpoint, external=external.External())


@pytest.fixture
async def memory_api() -> AsyncIterator[Api]:
    now = ManualClock()
    server = MemoryServer(resources=(*BUILT_IN, WIDGETS), namespaces_must_exist=True, clock=now)
    kube = server.client()

    def forgotten() -> str:
        server.expire()
        return "1"

    async def passes() -> None:
        now.advance(0.1)

    server.seed({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "contract"}})
    yield Api(kube, "contract", WIDGETS, forgotten, passes)
    await kube.close()
    assert server.watches.open == 0


@pytest.fixture
async def real_api(real_server: RealServer) -> AsyncIterator[Api]:
    kube = await connect(real_server.kubeconfig)
    namespace = f"contract-{next(_namespaces)}"
    await kube.create(
        NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    )

    # The watch cache of a kind begins at the version at which the kind was first served.
    yield Api(kube, namespace, WIDGETS, lambda: "1", lambda: asyncio.sleep(0.1))
    await kube.close()


@pytest.fixture(params=["memory", "real"])
def api(request: pytest.FixtureRequest) -> Api:
    api: Api = request.getfixturevalue(f"{request.param}_api")
    return api


@pytest.fixture(scope="session")
def other_authority() -> str:
    """A CA that signed nothing here, as a kubeconfig has it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "another authority")])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36500))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(certificate.public_bytes(serialization.Encoding.PEM)).decode()
