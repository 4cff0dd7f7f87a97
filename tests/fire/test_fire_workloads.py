"""One workload API is dead, slow, refuses, has a new certificate or a new token: others go on.

How long others take is printed. What is asserted is what does not depend on the machine: they are
done while the sick one is not, what they get is applied once, and the sick one is asked seldom.
"""

from __future__ import annotations

import base64
import contextlib
import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
import yaml
from akoo_testbed import kubeapi, waiting
from akoo_testbed.trust import certificates

from tests.e2e import conftest as e2e
from tests.fire import fire_bed, fire_front, fire_journal, fire_operator
from tests.fire.conftest import PROOF

SECRET = "v1/Secret"
SLOW_SECONDS = 0.2
SICK_CALLS = 12
"""Bound on the calls of a workload API that does not answer while another cluster is served: two
open the circuit, then there is one a pause."""

Mend = Callable[[], Awaitable[None]]


class Ward:
    """Two clusters that run, "sick" and "well", each with a config of its own."""

    def __init__(self, fire: fire_bed.FireBed) -> None:
        self.fire = fire
        self._changes = 0
        self._configs: dict[str, str] = {}

    @property
    def front(self) -> fire_front.Front:
        """The proxy before the workload API of the sick cluster."""
        return self.fire.gate.fronts[self.key("sick")]

    def key(self, name: str) -> str:
        return f"{self.fire.namespace}/{name}"

    async def admit(self, *names: str) -> None:
        """Create the clusters, and wait until they are Available."""
        common = self.fire.labels
        for name in names:
            self.fire.labels = {**common, "bed": name}
            self._configs[name] = await self.fire.config(
                name, clusterSelector={"matchLabels": {**common, "bed": name}}
            )
            await self.fire.cluster_parts(name)
        self.fire.labels = common
        for name in names:
            await self.fire.record(name, phase="Running")

    async def change(self, *names: str) -> None:
        """Change a setting of AKO in each of these clusters."""
        self._changes += 1
        replaced = {"extraConfigs": {"fullSyncFrequency": str(1800 + self._changes)}}
        for name in names:
            await self.fire.api.patch(e2e.CONFIG, None, self._configs[name], {"spec": replaced})

    def applies(self, name: str, since: float) -> fire_journal.Match:
        """Applies of a cluster's ConfigMap that arrived since then."""
        return lambda call: (
            call.cluster == self.key(name)
            and call.at > since
            and call.method == "PATCH"
            and call.path.endswith("/configmaps/avi-k8s-config")
        )

    async def applied(self, name: str, since: float) -> float:
        """Seconds until the first apply since then was answered."""
        await self.fire.gate.journal.until(lambda obj: self.applies(name, since)(obj) and obj.done)
        (first, *_) = self.fire.gate.journal.done(self.applies(name, since))
        return first.ended - since

    def calls(self, name: str, since: float) -> int:
        return len(
            self.fire.gate.journal.of(
                lambda call: call.cluster == self.key(name) and call.at > since
            )
        )


@contextlib.asynccontextmanager
async def dead(ward: Ward) -> AsyncIterator[None]:
    """Accepts connections, and nothing comes."""
    ward.fire.gate.delays[ward.key("sick")] = 3600.0
    yield
    del ward.fire.gate.delays[ward.key("sick")]
    await ward.front.close()
    await ward.front.open()


@contextlib.asynccontextmanager
async def slow(ward: Ward) -> AsyncIterator[None]:
    ward.fire.gate.delays[ward.key("sick")] = SLOW_SECONDS
    yield
    del ward.fire.gate.delays[ward.key("sick")]


@contextlib.asynccontextmanager
async def refusing(ward: Ward) -> AsyncIterator[None]:
    """Nobody listens."""
    await ward.front.close()
    yield
    await ward.front.open()


@contextlib.asynccontextmanager
async def new_authority(ward: Ward) -> AsyncIterator[None]:
    """Its certificate comes from another authority; mended by the kubeconfig that says so."""
    authority = certificates.Authority("another")
    await ward.front.close()
    await ward.front.open(authority)
    yield
    await _change_kubeconfig(ward, ca=authority.pem)


@contextlib.asynccontextmanager
async def new_token(ward: Ward) -> AsyncIterator[None]:
    """Its kubeconfig holds the token of an account that is deleted; mended by another's."""
    async with ward.fire.workload("sick") as workload:
        old, new = [await _account(workload, name) for name in ("old", "new")]
        await _change_kubeconfig(ward, token=old)
        began = time.monotonic()
        await ward.change("sick")
        await ward.applied("sick", began)
        await workload.delete("v1/ServiceAccount", "kube-system", "old")
        await _until_refused(ward, old)
        yield
        await _change_kubeconfig(ward, token=new)


FAULTS = (dead, slow, refusing, new_authority, new_token)
SHORT = (dead, refusing, new_authority)


# What asyncio keeps of a handshake that the client broke off says so when it is collected.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("faults", [pytest.param(FAULTS if PROOF else SHORT, id="faults")])
async def test_others_are_unaffected(
    fire: fire_bed.FireBed,
    operators: fire_operator.Operators,
    faults: tuple[Callable[[Ward], contextlib.AbstractAsyncContextManager[None]], ...],
) -> None:
    ward = Ward(fire)
    await operators.ready("a", {"AKOO_WORKLOAD_CLUSTERS__DEADLINE_SECONDS": "2"})
    await ward.admit("sick", "well")
    began = time.monotonic()
    await ward.change("well")
    lines = [f"nobody sick: {await ward.applied('well', began):.2f} s"]
    for fault in faults:
        async with fault(ward):
            began = time.monotonic()
            await ward.change("sick", "well")
            lines.append(f"{fault.__name__}: {await ward.applied('well', began):.2f} s")
            assert len(fire.gate.journal.of(ward.applies("well", began))) == 1
            if fault is not slow:
                assert not fire.gate.journal.done(ward.applies("sick", began))
                assert ward.calls("sick", began) <= SICK_CALLS
        if not PROOF and fault is not faults[-1]:
            continue  # the last one shows that it comes back: some pauses are of a quarter minute
        healed = time.monotonic()
        after = began + await ward.applied("sick", began) - healed
        lines[-1] += f" (the other {after:.1f} s after it was mended)"
    print(f"from a change to applied in the cluster that is well: {'; '.join(lines)}")  # noqa: T201
    await fire.all_gone("sick", "well")
    await fire.ended(2)
    gc.collect()


async def _account(workload: kubeapi.KubeApi, name: str) -> str:
    """A new administrator of the workload cluster; its token."""
    account = {"name": name, "namespace": "kube-system"}
    await workload.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
    group = "rbac.authorization.k8s.io"
    await workload.create(
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"fire-{name}"},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", **account}],
        }
    )
    path = f"/api/v1/namespaces/kube-system/serviceaccounts/{name}/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token: str = (await workload.request("POST", path, request))["status"]["token"]
    return token


async def _until_refused(ward: Ward, token: str) -> None:
    """API servers remember for ten seconds that a token was good."""
    session = aiohttp.ClientSession(trust_env=False)
    headers = {"Authorization": f"Bearer {token}"}
    tls = fire_front.trusting(ward.fire.bed.bed.base.authority)
    async with session:

        async def refused() -> bool:
            url = f"{ward.front.upstream}/api/v1/namespaces/kube-system"
            async with session.get(url, headers=headers, ssl=tls) as answer:
                return answer.status == 401

        await waiting.until(refused, title="the end of a token", seconds=30.0)


async def _change_kubeconfig(ward: Ward, *, ca: str = "", token: str = "") -> None:
    """Write the Secret of the sick one anew, with what is given."""
    name = "sick-kubeconfig"
    secret = await ward.fire.api.get(SECRET, ward.fire.namespace, name)
    config = yaml.safe_load(base64.b64decode(secret["data"]["value"]))
    if ca:
        trusted = base64.b64encode(ca.encode()).decode()
        config["clusters"][0]["cluster"]["certificate-authority-data"] = trusted
    if token:
        config["users"][0]["user"] = {"token": token}
    value = base64.b64encode(yaml.safe_dump(config).encode()).decode()
    await ward.fire.api.patch(SECRET, ward.fire.namespace, name, {"data": {"value": value}})
