"""The chapter of the sandbox: a cluster with an Avi account of its own.

It needs the plugins tenancy, ako and avi. OpenBao keeps the passwords, under the policy of
``deploy/vault``, and asks the API server who logs in. The account is tried on another cluster's
object, rotated while AKO works, and revoked when AKO cannot be reached any more.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import pathlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, NamedTuple, TypeVar

import aiohttp
from akoo_testbed import switching
from akoo_testbed.akosim import counts
from akoo_testbed.avisim.client import Client
from akoo_testbed.bed import Bed
from akoo_testbed.kubeapi import KubeApi
from akoo_testbed.openbao import Admin
from akoo_testbed.parts import OpenBao

from akoo_core.testing.chapters import Chapter, Object, Stage, Trouble
from akoo_tenancy.testing import administrator

RECORD: Final = "akoo.io/v1alpha1/AKODeployment"
NAMESPACE: Final = "akoo-system"
ACCOUNT: Final = "akoo-core"
MOUNT, PREFIX = "akoo", "akoo-core"
AUDIENCE: Final = "vault"
NEIGHBOUR: Final = "of-a-neighbour"
SERVICE: Final = "late"
SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.1
SYNC: Final = {"ako_full_sync_seconds": "0.5", "ako_cut_off_seconds": "3"}
"""Switches of an AKO that makes deleted objects anew twice a second."""

SPANS: Final = 1500
"""Traces that are searched for passwords."""

T = TypeVar("T")

_passwords: set[str] = set()
"""Those that AKO had, for the search at the end. Secret."""


class AviSecret(NamedTuple):
    """The account in avi-secret. ``password`` is secret."""

    username: str
    password: str


@contextlib.asynccontextmanager
async def furnish(stage: Stage) -> AsyncIterator[None]:
    """An administrator prepares OpenBao, and the operator's Pod would get its token."""
    bed, kube = stage.part(Bed), stage.part(KubeApi)
    for obj in administrator.reviewer():
        await kube.apply(obj)
    folder = _folder(stage)
    folder.mkdir(mode=0o700)
    _write(folder / "ca.crt", bed.base.authority.pem)
    _write(folder / "reviewer.jwt", await kube.token("kube-system", administrator.REVIEWER))
    _write(folder / "token", await kube.token(NAMESPACE, ACCOUNT, AUDIENCE))
    await _set_up(stage)
    yield


def settings(stage: Stage) -> Object:
    """The store, and the login with the ServiceAccount's token."""
    folder = _folder(stage)
    login = {"method": "Kubernetes", "role": ACCOUNT, "jwtFile": str(folder / "token")}
    address = stage.part(OpenBao).url
    vault = {"address": address, "caFile": str(folder / "ca.crt"), "login": login}
    return {"store": "Vault", "vault": vault}


def config(_: Stage) -> Object:
    """A tenant of its own, no account by reference, and a grace that nobody has to wait for."""
    return {
        "workloadCredentialRef": None,
        "drainTimeout": "2s",
        "plugins": {"tenancy": {"tenantTemplate": {"per": "Cluster"}, "rotation": {"grace": "1s"}}},
    }


async def living(stage: Stage) -> None:
    """The account is tried on another cluster's object, and rotated while AKO works."""
    await _try(stage)
    await _rotate(stage)


async def cut_off(stage: Stage) -> None:
    """AKO hears nothing any more and goes on, and nobody reaches its cluster."""
    namespace, name = await _cluster(stage)
    bed = stage.part(Bed)
    await switching.switch(bed, namespace, name, **SYNC)
    async with _workload(stage, namespace, name) as workload:
        uid = (await workload.get("v1/Pod", "avi-system", "ako-0"))["metadata"]["uid"]
        await workload.delete("v1/Pod", "avi-system", "ako-0", grace_seconds=0)
        await workload.wait_for("v1/Pod", "avi-system", "ako-0", _another(uid), SECONDS)
    await switching.switch(bed, namespace, name, **SYNC, ako_faults="cut-off")
    kube, secret = stage.part(KubeApi), f"{name}-kubeconfig"
    text = _decoded((await kube.get("v1/Secret", namespace, secret))["data"]["value"])
    nowhere = re.sub(r"server: \S+", "server: https://127.0.0.1:1", text)
    value = _encoded(nowhere)
    await kube.patch("v1/Secret", namespace, secret, {"data": {"value": value}})


async def closing(stage: Stage) -> None:
    """The record in OpenBao is a tombstone, and no user, role or tenant is left."""
    avi, admin = stage.part(Client), stage.part(OpenBao).admin
    with stage.step("its record is a tombstone") as step:
        state = await _until("the tombstone", lambda: _buried(admin, stage.record))
        left = [
            name
            for kind in ("user", "role")
            for name in avi.names(f"{kind}?include_service_accounts=true")
            if name.startswith(stage.record)
        ]
        step.result = f"{state}; {', '.join(left) or 'no user, no role'} left on Avi"
    with stage.step("its tenant goes with it") as step:

        async def alone() -> str:
            names = avi.names("tenant")
            return ", ".join(names) if len(names) == 1 else ""

        step.result = f"tenants on Avi: {await _until('the end of the tenant', alone)}"


async def traced(stage: Stage) -> None:
    """No password of AKO is in the operator's log or in a span."""
    stage.line()
    stage.line(f"  Passwords in log and traces: {await _leaked(stage)} of {len(_passwords)}")


def links(stage: Stage) -> dict[str, str]:
    """The address of OpenBao."""
    return {"OpenBao": stage.part(OpenBao).url}


CHAPTER = Chapter(
    title="tenancy",
    needs=("openbao",),
    furnish=furnish,
    settings=settings,
    config=config,
    living=living,
    trouble=Trouble(title="AKO cut off", begin=cut_off, grade="Revoked"),
    closing=closing,
    traced=traced,
    links=links,
)


async def _try(stage: Stage) -> None:
    """Requests of the account on its own objects, and on another cluster's."""
    avi = stage.part(Client)
    with stage.step("its account on another's pool") as step:
        record = await stage.until(RECORD, None, stage.record, _in_use)
        tenant = record["spec"]["facts"]["LoadBalancerTenant"]["data"]["name"]
        account = await _account(stage)
        marker = [{"key": "clustername", "values": ["akoo-of-another"]}]
        other = avi.post("pool", {"name": NEIGHBOUR, "markers": marker}, x_avi_tenant=tenant)
        path = f"pool/{other['uuid']}"
        requests = (("GET", None), ("PUT", {**other, "enabled": False}), ("DELETE", None))
        user = avi.as_user(*account, tenant=tenant)
        refused = [f"{method} {user.refused(method, path, body)[0]}" for method, body in requests]
        own = user.get(f"pool?label_key=clustername&label_value={stage.record}")["count"]
        avi.delete(path, x_avi_tenant=tenant)
        step.result = f"{account.username}: {', '.join(refused)}"
    stage.line(f"     its own pools: {own}; tenant {tenant}")


async def _rotate(stage: Stage) -> None:
    """A rotation on demand, while a Service is made."""
    avi = stage.part(Client)
    namespace, name = await _cluster(stage)
    with stage.step("rotate, while a Service is made") as step:
        before, served = await _account(stage), _virtual_services(avi)
        counted = counts.of(stage.record)
        asked = await stage.command("rotate", f"{namespace}/{name}", "--yes")
        async with _workload(stage, namespace, name) as workload:
            await workload.apply(_service())
            secret = ("v1/Secret", "avi-system", "avi-secret")
            try:
                await workload.wait_for(*secret, _other_than(before), SECONDS)
            except TimeoutError as error:
                raise TimeoutError(f"{error}; akoo-core rotate printed: {asked}") from error
            await workload.wait_for("v1/Service", "shop", SERVICE, _address, SECONDS)
        await stage.until(RECORD, None, stage.record, _in_use)
        after, since = await _account(stage), counts.of(stage.record).since(counted)
        now = _virtual_services(avi)
        step.result = f"{after.username}: AKO starts {since.starts}, refused logins {since.refused}"
    changed = sum(1 for uuid, stamp in served.items() if now.get(uuid) != stamp)
    stage.line(f"     virtual services changed: {changed} of {len(served)}")
    stage.line(f"     login as {before.username}: {avi.as_user(*before).login().status}")
    _passwords.update({before.password, after.password})


async def _leaked(stage: Stage) -> int:
    """The number of passwords that are in the operator's log, or in a span."""
    bed = stage.part(Bed)
    texts = [path.read_text(errors="replace") for path in bed.base.logs.glob("operator*")]
    if bed.jaeger is not None:
        query = f"{bed.jaeger.query_url}/api/traces?service=akoo-core&limit={SPANS}"
        async with aiohttp.ClientSession(trust_env=False) as session, session.get(query) as answer:
            texts.append(await answer.text())
    forms = {form for password in _passwords for form in (password, _encoded(password))}
    return sum(1 for form in forms if any(form in text for text in texts))


async def _buried(admin: Admin, record: str) -> str:
    """The state of a record in which no password is left; "" until then."""
    path = f"{PREFIX}/clusters/{record}"
    data = (await admin.ask("GET", f"{MOUNT}/data/{path}"))["data"]["data"]
    versions = (await admin.ask("GET", f"{MOUNT}/metadata/{path}"))["data"]["versions"]
    living = [number for number, version in versions.items() if not version["destroyed"]]
    if data["state"] != "revoked" or "password" in str(data) or len(living) != 1:
        return ""
    return f"{data['state']}, {len(versions) - 1} versions destroyed"


async def _set_up(stage: Stage) -> None:
    """Run the administrator's script. Raises RuntimeError."""
    server, bed, folder = stage.part(OpenBao), stage.part(Bed), _folder(stage)
    variables = {
        "HOME": str(folder),
        "BAO_ADDR": server.url,
        "BAO_TOKEN": server.admin.token,
        "BAO_CACERT": str(folder / "ca.crt"),
        "LOGIN": "kubernetes",
        "KUBERNETES_HOST": bed.management.url,
        "KUBERNETES_CA": str(folder / "ca.crt"),
        "REVIEWER": str(folder / "reviewer.jwt"),
        "MOUNT": MOUNT,
        "PREFIX": PREFIX,
        "AUDIENCE": AUDIENCE,
    }
    await administrator.set_up(variables)


def _folder(stage: Stage) -> pathlib.Path:
    return stage.part(Bed).base.folder / "vault-login"


def _write(path: pathlib.Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


async def _cluster(stage: Stage) -> tuple[str, str]:
    record = await stage.part(KubeApi).get(RECORD, None, stage.record)
    reference = record["spec"]["clusterRef"]
    return reference["namespace"], reference["name"]


def _workload(stage: Stage, namespace: str, name: str) -> KubeApi:
    server = stage.part(Bed).workloads.server(namespace, name)
    return KubeApi(server.server.kubeconfig)


async def _account(stage: Stage) -> AviSecret:
    """The account that AKO has."""
    async with _workload(stage, *await _cluster(stage)) as workload:
        data = (await workload.get("v1/Secret", "avi-system", "avi-secret"))["data"]
    return AviSecret(_decoded(data["username"]), _decoded(data["password"]))


def _in_use(record: Object | None) -> bool:
    """AKO works with the account that it was given last, and there is no other."""
    facts = ((record or {}).get("spec") or {}).get("facts") or {}
    account = (facts.get("TenancyAccount") or {}).get("data") or {}
    return account.get("phase") == "Active" and not account.get("retiringAt")


def _virtual_services(avi: Client) -> dict[str, str]:
    """The time of the last change of each, by UUID."""
    page = avi.get("virtualservice?page_size=200", x_avi_tenant="*")
    return {each["uuid"]: each["_last_modified"] for each in page["results"]}


def _service() -> Object:
    spec = {"type": "LoadBalancer", "ports": [{"port": 80, "protocol": "TCP", "targetPort": 8080}]}
    metadata = {"name": SERVICE, "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def _address(service: Object | None) -> str:
    entries = ((service or {}).get("status") or {}).get("loadBalancer", {}).get("ingress") or ()
    return next((str(entry.get("ip", "")) for entry in entries), "")


def _another(uid: str) -> Callable[[Object | None], bool]:
    """A Pod that is Ready and not the one of that UID."""

    def accept(pod: Object | None) -> bool:
        conditions = ((pod or {}).get("status") or {}).get("conditions") or ()
        ready = {"Ready": "True"}.items() <= {
            row["type"]: row["status"] for row in conditions
        }.items()
        return pod is not None and pod["metadata"]["uid"] != uid and ready

    return accept


def _other_than(account: AviSecret) -> Callable[[Object | None], bool]:
    """avi-secret with another account."""

    def accept(secret: Object | None) -> bool:
        return secret is not None and _decoded(secret["data"]["username"]) != account.username

    return accept


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()


async def _until(title: str, look: Callable[[], Awaitable[T]]) -> T:
    """The first result that counts. Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    while not (result := await look()):
        if loop.time() - started > SECONDS:
            raise TimeoutError(f"{title} did not come within {SECONDS:g} s")
        await asyncio.sleep(POLL_SECONDS)
    return result
