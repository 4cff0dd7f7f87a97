"""A Pod's program as a process of this machine: its environment, mounts, account and probes.

There is no container: the image names no program, so that the test bed gives one, and paths below
a mount are replaced by the folder where the volume is. All Pods share this machine's ports, so that
each gets a free one, by a variable of the program.
"""

import asyncio
import collections.abc
import dataclasses
import os
import pathlib

import aiohttp

from akoo_testbed import base
from akoo_testbed.kube import kubeconfig
from akoo_testbed.kubeapi import KubeApi, Object
from akoo_testbed.kubelet.program import Container, Exit
from akoo_testbed.process import ports, processes

PROBE_SECONDS = 2.0
LIVENESS_EXIT = 137


@dataclasses.dataclass(frozen=True)
class HostProgram:
    """Runs `command`, with the container's arguments, as the Pod's ServiceAccount.

    `server` is the API server's URL as the Pod reaches it. `port_variable` names the variable of
    the program that chooses its port for probes.
    """

    bed: base.BedBase
    server: str
    command: collections.abc.Sequence[str]
    port_variable: str
    environment: collections.abc.Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Further variables of this machine. Those of the Pod win."""
    probes: bool = True
    """The Pod is Ready when its readiness probe says so."""

    async def __call__(self, container: Container) -> Exit:
        """Run it until it ends; when cancelled, SIGTERM, and SIGKILL after the grace."""
        name = container.pod["metadata"]["name"]
        folder = self.bed.folder / "pods" / container.pod["metadata"]["uid"]
        mounts = await mount(container.api, container.pod, folder)
        variables = await variables_of(container.api, container.pod, mounts)
        port = ports.pick()
        main = container.pod["spec"]["containers"][0]
        child = await self.bed.processes.spawn(
            [*self.command, *(_inside(word, mounts) for word in main.get("args", ()))],
            log=self.bed.log_file(f"pod-{name}"),
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "HOME": str(folder),
                **self.environment,
                **variables,
                self.port_variable: str(port),
                "KUBECONFIG": str(await self._account(container, folder)),
            },
        )
        container.report(False)
        container.up.set()
        try:
            return await self._watched(child, main, port, container)
        finally:
            await child.stop(container.ending.grace_seconds)

    async def _account(self, container: Container, folder: pathlib.Path) -> pathlib.Path:
        namespace = container.pod["metadata"]["namespace"]
        account = container.pod["spec"].get("serviceAccountName", "default")
        token = await container.api.token(namespace, account)
        file = folder / "kubeconfig"
        file.touch(mode=0o600)
        file.write_text(kubeconfig.with_token(self.server, self.bed.authority.pem, token))
        return file

    async def _watched(
        self, child: processes.Child, main: Object, port: int, container: Container
    ) -> Exit:
        """Probe the process until it ends, or until its liveness probe failed too often."""
        ended = asyncio.create_task(child.wait())
        failures = 0
        most = int(main.get("livenessProbe", {}).get("failureThreshold", 3))
        alive_once = False
        try:
            async with aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=PROBE_SECONDS), trust_env=False
            ) as session:
                while not ended.done():
                    alive = await _succeeds(session, main, "livenessProbe", port)
                    alive_once = alive_once or alive
                    # Before its first success the startup probe counts, which waits.
                    failures = 0 if alive or not alive_once else failures + 1
                    if failures >= most:
                        return Exit(LIVENESS_EXIT, "the liveness probe failed")
                    container.report(await _succeeds(session, main, "readinessProbe", port))
                    await asyncio.wait((ended,), timeout=container.switches.current.probe_seconds)
            return Exit(ended.result(), f"ended with {ended.result()}")
        finally:
            ended.cancel()


async def _succeeds(session: aiohttp.ClientSession, main: Object, kind: str, port: int) -> bool:
    """The probe of this kind succeeds now; True where there is none."""
    path = main.get(kind, {}).get("httpGet", {}).get("path")
    if path is None:
        return True
    try:
        async with session.get(f"http://127.0.0.1:{port}{path}") as answer:
            return answer.status < 400
    except (aiohttp.ClientError, OSError, TimeoutError):
        return False


async def mount(api: KubeApi, pod: Object, folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """Write the volumes of the main container; mount path -> folder. Secrets and ConfigMaps are
    files, anything else is an empty folder."""
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes", ())}
    mounts: dict[str, pathlib.Path] = {}
    for each in pod["spec"]["containers"][0].get("volumeMounts", ()):
        place = folder / "volumes" / each["name"]
        place.mkdir(parents=True, exist_ok=True)
        mounts[each["mountPath"]] = place
        source = volumes[each["name"]].get("configMap")
        if source:
            obj = await api.get("v1/ConfigMap", pod["metadata"]["namespace"], source["name"])
            for name, text in (obj.get("data") or {}).items():
                (place / name).write_text(text)
    return mounts


async def variables_of(
    api: KubeApi, pod: Object, mounts: collections.abc.Mapping[str, pathlib.Path]
) -> dict[str, str]:
    """The environment of the main container: values, fields of the Pod, keys of ConfigMaps."""
    made: dict[str, str] = {}
    for variable in pod["spec"]["containers"][0].get("env", ()):
        source = variable.get("valueFrom", {})
        if "fieldRef" in source:
            value = _field(pod, source["fieldRef"]["fieldPath"])
        elif "configMapKeyRef" in source:
            reference = source["configMapKeyRef"]
            namespace = pod["metadata"]["namespace"]
            obj = await api.get("v1/ConfigMap", namespace, reference["name"])
            value = str(obj["data"][reference["key"]])
        else:
            value = _inside(variable.get("value", ""), mounts)
        made[variable["name"]] = value
    return made


def _field(pod: Object, path: str) -> str:
    value: object = pod
    for key in path.split("."):
        value = value[key] if isinstance(value, dict) else ""
    return str(value)


def _inside(text: str, mounts: collections.abc.Mapping[str, pathlib.Path]) -> str:
    """`text` with the place of a volume where it begins with the path of its mount."""
    for path, place in mounts.items():
        if text == path or text.startswith(f"{path}/"):
            return f"{place}{text.removeprefix(path)}"
    return text
