"""Settings reach the parts they are meant for."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import yaml

from akoo_core import clock, external, settings
from akoo_core.app import assembly, world
from akoo_core.app.parts import Parts
from akoo_core.errors import InputError, LeadershipLostError
from akoo_core.kube import errors, resource
from akoo_core.outside import proxies
from akoo_core.plugin_host import registry
from akoo_core.settings import model
from akoo_core.telemetry import redaction
from akoo_core.testing import memory

Make = Callable[[settings.Settings], Parts]


def kubeconfig(**cluster: Any) -> dict[str, Any]:
    """The Secret of demo/shop; ``cluster`` is what its kubeconfig says beside the server."""
    text = yaml.safe_dump(
        {
            "current-context": "admin@shop",
            "contexts": [{"name": "admin@shop", "context": {"cluster": "shop", "user": "admin"}}],
            "clusters": [{"name": "shop", "cluster": {"server": "https://192.0.2.1:1"} | cluster}],
            "users": [{"name": "admin", "user": {"token": "canary-token-4"}}],
        }
    )
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": "demo", "name": "shop-kubeconfig"},
        "data": {"value": base64.b64encode(text.encode()).decode()},
    }


@pytest.fixture
def server() -> memory.MemoryServer:
    return memory.MemoryServer()


@pytest.fixture
async def make(server: memory.MemoryServer) -> AsyncIterator[Make]:
    made: list[Parts] = []

    def build(configured: settings.Settings) -> Parts:
        seam = assembly.seam(configured)
        parts = assembly.assemble(
            configured,
            registry.PluginSet(()),
            management=server.client(external=seam),
            world=world.CachedWorld("mgmt", resource.CLUSTERS),
            management_id="mgmt",
            external=seam,
            clock=clock.ManualClock(),
            identity="test",
        )
        made.append(parts)
        return parts

    yield build
    for parts in made:
        await parts.close()


def test_how_long_and_how_often(make: Make) -> None:
    parts = make(settings.Settings(resync_seconds=90.0, finished_retention_seconds=3600.0))
    assert parts.services.resync_seconds == 90.0
    assert parts.services.finished_kept.total_seconds() == 3600.0


def test_the_seam_has_the_deadline_of_external_calls() -> None:
    configured = settings.Settings(deadlines=model.Deadlines(external_seconds=3.0))
    assert assembly.seam(configured).deadline_seconds == 3.0


async def test_the_seam_asks_the_guard() -> None:
    class NotLeader:
        def check(self) -> None:
            raise LeadershipLostError("the lease is another's")

    with pytest.raises(LeadershipLostError):
        async with assembly.seam(settings.Settings(), NotLeader()).call("a", "PUT b", write=True):
            pytest.fail("the body ran")


async def test_calls_go_through_the_proxy_of_the_settings() -> None:
    proxy = proxies.HttpProxy("proxy.example.com", 3128)
    chosen = settings.Settings(proxy=model.Proxy(url=proxy.url, no_proxy=(".example.org",)))
    async with assembly.seam(chosen, environ={}).call("a", "GET b", write=False):
        assert external.proxy_for("avi.example.com", 443) == proxy
        assert external.proxy_for("avi.example.org", 443) is None
    async with assembly.seam(settings.Settings(), environ={}).call("a", "GET b", write=False):
        assert external.proxy_for("avi.example.com", 443) is None


async def test_a_proxy_of_the_environment_counts_and_its_password_is_masked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = "http://operator:c4nary-hunter@proxy.example.com:3128"
    monkeypatch.setenv("HTTPS_PROXY", url)
    seam = assembly.seam(settings.Settings())
    async with seam.call("a", "GET b", write=False):
        proxy = external.proxy_for("avi.example.com", 443)
    assert proxy is not None
    encoded = base64.b64encode(b"operator:c4nary-hunter").decode()
    for text in ("c4nary-hunter", encoded):
        assert redaction.redact(f"it says {text} here") == f"it says {redaction.MASK} here"
    with pytest.raises(InputError, match=r"^HTTPS_PROXY: must be http"):
        assembly.seam(settings.Settings(), environ={"HTTPS_PROXY": "socks5://proxy:1"})


@pytest.mark.parametrize(
    ("says", "reason", "allowed"),
    [
        (
            {"insecure-skip-tls-verify": True},
            "KubeconfigInsecureRefused",
            model.WorkloadClusters(allow_insecure_tls=True),
        ),
        (
            {"proxy-url": "http://proxy.example.com:3128"},
            "KubeconfigProxyRefused",
            model.WorkloadClusters(allow_proxy=True),
        ),
        (
            {"server": "https://127.0.0.1:1"},
            "KubeconfigAddressRefused",
            model.WorkloadClusters(allow_local_addresses=True),
        ),
    ],
    ids=["insecure TLS", "proxy", "local address"],
)
async def test_what_kubeconfigs_may_say(
    server: memory.MemoryServer,
    make: Make,
    says: dict[str, Any],
    reason: str,
    allowed: model.WorkloadClusters,
) -> None:
    server.seed(kubeconfig(**says))
    careful = make(settings.Settings())
    with pytest.raises(errors.KubeconfigError) as caught:
        await careful.services.workloads.client_for("demo", "shop", "uid-1")
    assert caught.value.reason == reason
    loose = make(settings.Settings(workload_clusters=allowed))
    assert await loose.services.workloads.client_for("demo", "shop", "uid-1")
