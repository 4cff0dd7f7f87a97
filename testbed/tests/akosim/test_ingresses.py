"""AKO with Ingresses: SNI, EVH, certificates, dedicated, against a controller that is strict."""

import base64
import hashlib

import pytest
from akoo_testbed import certificates
from akoo_testbed.akosim.bench import CLUSTER, Bench
from akoo_testbed.avisim import pytest as avisim_plugin

INGRESS = "networking.k8s.io/v1/Ingress"
PREFIX = f"{CLUSTER}--"


async def expose(bench: Bench, host: str, *paths: str, tls: bool = False) -> None:
    """An Ingress named like the first label of its host, and its TLS Secret."""
    name = host.partition(".")[0]
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    kind = "ImplementationSpecific"
    entries = [{"path": path, "pathType": kind, "backend": backend} for path in paths]
    spec: dict[str, object] = {"rules": [{"host": host, "http": {"paths": entries}}]}
    if tls:
        pair = certificates.Authority().server(names=(host,), addresses=())
        data = {"tls.crt": pair.certificate_pem, "tls.key": pair.key_pem}
        encoded = {k: base64.b64encode(v.encode()).decode() for k, v in data.items()}
        await bench.create("v1", "Secret", name, type="kubernetes.io/tls", data=encoded)
        spec["tls"] = [{"hosts": [host], "secretName": name}]
    await bench.create("networking.k8s.io/v1", "Ingress", name, spec=spec)


def summed(plain: str) -> str:
    return PREFIX + hashlib.sha1(f"{PREFIX}{plain}".encode()).hexdigest()


async def test_sni(bench: Bench) -> None:
    await bench.install()
    await bench.service("web", type="NodePort")
    await expose(bench, "plain.example.com", "/a")
    await expose(bench, "safe.example.com", "/", "/x[0-9]+", tls=True)
    address = await bench.address("plain", INGRESS)
    assert await bench.address("safe", INGRESS) == address
    home, shared = bench.home, f"{PREFIX}Shared-L7-0"
    path = f"{PREFIX}{home}-safe.example.com_-safe"
    pattern = f"{home}-safe.example.com_x[0-9]+-safe"
    group = hashlib.sha1(b"safe.example.com/x[0-9]+").hexdigest()
    assert set(await bench.ask(bench.marked)) == {
        f"virtualservice/{shared}",
        f"vsvip/{shared}",
        f"vsdatascriptset/{shared}",
        f"poolgroup/{shared}",
        f"httppolicyset/{shared}",
        f"pool/{PREFIX}plain.example.com_a-{home}-plain",
        f"virtualservice/{PREFIX}safe.example.com",
        f"sslkeyandcertificate/{PREFIX}safe.example.com",
        f"httppolicyset/{PREFIX}{home}-safe.example.com",
        f"poolgroup/{path}",
        f"pool/{path}",
        f"poolgroup/{summed(pattern)}",
        f"pool/{summed(pattern)}",
        f"stringgroup/ako-{CLUSTER}-{group}",
    }
    child = await bench.ask(lambda: bench.named("virtualservice", f"{PREFIX}safe.example.com"))
    assert child["vh_domain_name"] == ["safe.example.com"]
    assert await bench.ask(bench.refusals) == []


async def test_evh_hides_names(bench: Bench) -> None:
    await bench.install(enableEVH="true")
    await bench.service("web", type="NodePort")
    await expose(bench, "safe.example.com", "/", tls=True)
    await bench.address("safe", INGRESS)
    child, path = summed("safe.example.com"), f"{bench.home}-safe.example.com_-safe"
    assert set(await bench.ask(bench.marked)) == {
        f"virtualservice/{PREFIX}Shared-L7-EVH-0",
        f"vsvip/{PREFIX}Shared-L7-EVH-0",
        f"virtualservice/{child}",
        f"sslkeyandcertificate/{child}",
        f"httppolicyset/{child}",
        f"httppolicyset/{summed(bench.home + '-safe.example.com')}",
        f"poolgroup/{summed(path)}",
        f"pool/{summed(path + '-web')}",
    }


async def test_the_last_ingress_leaves_the_vip_and_delete_config_takes_it(bench: Bench) -> None:
    await bench.install()
    await bench.service("web", type="NodePort")
    await expose(bench, "safe.example.com", "/", tls=True)
    address = await bench.address("safe", INGRESS)
    await bench.api.delete(INGRESS, bench.home, "safe")
    left = [f"vsvip/{PREFIX}Shared-L7-0"]
    await bench.until(lambda: bench.marked() == left, "all but the VIP to go")
    await expose(bench, "again.example.com", "/")
    assert await bench.address("again", INGRESS) == address
    await bench.delete_config("true")
    await bench.answer("Done")
    assert await bench.ask(bench.marked) == []


class TestOtherProfiles:
    """The same on the oldest and the newest controller."""

    @pytest.fixture(params=["22.1.7", "31.2.2"])
    def avisim_options(self, request: pytest.FixtureRequest) -> avisim_plugin.AviOptions:
        return avisim_plugin.AviOptions(profile=request.param, strict=True, seed=3)

    async def test_dedicated(self, bench: Bench) -> None:
        await bench.install(shardVSSize="DEDICATED")
        await bench.service("web")
        await expose(bench, "safe.example.com", "/", tls=True)
        await bench.address("web")
        await bench.address("safe", INGRESS)
        name = f"{PREFIX}safe.example.com-L7-dedicated"
        path = f"{PREFIX}{bench.home}-safe.example.com_-safe-L7-dedicated"
        wanted = {f"virtualservice/{name}", f"vsvip/{name}", f"poolgroup/{path}", f"pool/{path}"}
        assert wanted <= set(await bench.ask(bench.marked))
        await bench.delete_config("true")
        await bench.answer("Done")
        assert await bench.ask(bench.marked) == []
        assert await bench.ask(bench.refusals) == []
