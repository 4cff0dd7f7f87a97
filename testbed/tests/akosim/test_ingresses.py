"""AKO with Ingresses: SNI, EVH, certificates, dedicated, against a controller that is strict."""

import base64
import hashlib

import pytest
from akoo_testbed.akosim.ako_bed import CLUSTER, AkoBed
from akoo_testbed.avisim import pytest as avisim_plugin
from akoo_testbed.trust import certificates

INGRESS = "networking.k8s.io/v1/Ingress"
PREFIX = f"{CLUSTER}--"


async def expose(ako_bed: AkoBed, host: str, *paths: str, tls: bool = False) -> None:
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
        await ako_bed.create("v1", "Secret", name, type="kubernetes.io/tls", data=encoded)
        spec["tls"] = [{"hosts": [host], "secretName": name}]
    await ako_bed.create("networking.k8s.io/v1", "Ingress", name, spec=spec)


def summed(plain: str) -> str:
    return PREFIX + hashlib.sha1(f"{PREFIX}{plain}".encode()).hexdigest()


async def test_sni(ako_bed: AkoBed) -> None:
    await ako_bed.install()
    await ako_bed.service("web", type="NodePort")
    await expose(ako_bed, "plain.example.com", "/a")
    await expose(ako_bed, "safe.example.com", "/", "/x[0-9]+", tls=True)
    address = await ako_bed.address("plain", INGRESS)
    assert await ako_bed.address("safe", INGRESS) == address
    home, shared = ako_bed.home, f"{PREFIX}Shared-L7-0"
    path = f"{PREFIX}{home}-safe.example.com_-safe"
    pattern = f"{home}-safe.example.com_x[0-9]+-safe"
    group = hashlib.sha1(b"safe.example.com/x[0-9]+").hexdigest()
    assert set(await ako_bed.ask(ako_bed.marked)) == {
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
    child = await ako_bed.ask(lambda: ako_bed.named("virtualservice", f"{PREFIX}safe.example.com"))
    assert child["vh_domain_name"] == ["safe.example.com"]
    assert await ako_bed.ask(ako_bed.refusals) == []


async def test_evh_hides_names(ako_bed: AkoBed) -> None:
    await ako_bed.install(enableEVH="true")
    await ako_bed.service("web", type="NodePort")
    await expose(ako_bed, "safe.example.com", "/", tls=True)
    await ako_bed.address("safe", INGRESS)
    child, path = summed("safe.example.com"), f"{ako_bed.home}-safe.example.com_-safe"
    assert set(await ako_bed.ask(ako_bed.marked)) == {
        f"virtualservice/{PREFIX}Shared-L7-EVH-0",
        f"vsvip/{PREFIX}Shared-L7-EVH-0",
        f"virtualservice/{child}",
        f"sslkeyandcertificate/{child}",
        f"httppolicyset/{child}",
        f"httppolicyset/{summed(ako_bed.home + '-safe.example.com')}",
        f"poolgroup/{summed(path)}",
        f"pool/{summed(path + '-web')}",
    }


async def test_the_last_ingress_leaves_the_vip_and_delete_config_takes_it(ako_bed: AkoBed) -> None:
    await ako_bed.install()
    await ako_bed.service("web", type="NodePort")
    await expose(ako_bed, "safe.example.com", "/", tls=True)
    address = await ako_bed.address("safe", INGRESS)
    await ako_bed.api.delete(INGRESS, ako_bed.home, "safe")
    left = [f"vsvip/{PREFIX}Shared-L7-0"]
    await ako_bed.until(lambda: ako_bed.marked() == left, "all but the VIP to go")
    await expose(ako_bed, "again.example.com", "/")
    assert await ako_bed.address("again", INGRESS) == address
    await ako_bed.delete_config("true")
    await ako_bed.answer("Done")
    assert await ako_bed.ask(ako_bed.marked) == []


class TestOtherProfiles:
    """The same on the oldest and the newest controller."""

    @pytest.fixture(params=["22.1.7", "31.2.2"])
    def avisim_options(self, request: pytest.FixtureRequest) -> avisim_plugin.AviOptions:
        return avisim_plugin.AviOptions(profile=request.param, strict=True, seed=3)

    async def test_dedicated(self, ako_bed: AkoBed) -> None:
        await ako_bed.install(shardVSSize="DEDICATED")
        await ako_bed.service("web")
        await expose(ako_bed, "safe.example.com", "/", tls=True)
        await ako_bed.address("web")
        await ako_bed.address("safe", INGRESS)
        name = f"{PREFIX}safe.example.com-L7-dedicated"
        path = f"{PREFIX}{ako_bed.home}-safe.example.com_-safe-L7-dedicated"
        wanted = {f"virtualservice/{name}", f"vsvip/{name}", f"poolgroup/{path}", f"pool/{path}"}
        assert wanted <= set(await ako_bed.ask(ako_bed.marked))
        await ako_bed.delete_config("true")
        await ako_bed.answer("Done")
        assert await ako_bed.ask(ako_bed.marked) == []
        assert await ako_bed.ask(ako_bed.refusals) == []
