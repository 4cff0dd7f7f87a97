"""An AKO that a real Helm deploys, from a chart of our own that renders AKO's objects."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import pathlib
import subprocess

from akoo_testbed import kubeapi
from akoo_testbed.building import build

from akoo_core.sandbox import install
from tests.stories.adoption import installs
from tests.stories.adoption.installs import Install, Object, Plan

RELEASE = "ako-1593523840"
NAMESPACE = "balancers"
SECONDS = 120.0


@dataclasses.dataclass(frozen=True)
class Helm:
    """Helm, as an administrator of one cluster types it."""

    binary: pathlib.Path
    folder: pathlib.Path
    """A private folder: the kubeconfig, the chart and its values."""

    @classmethod
    def opened(cls, folder: pathlib.Path, kubeconfig: str) -> Helm:
        """Helm in a folder that is made for it. Blocks while Helm is built, once a machine."""
        built = build.ensure(["helm"])
        folder.mkdir(mode=0o700)
        install.write_private(folder / "kubeconfig", kubeconfig)
        return cls(built.binary("helm"), folder)

    async def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The end of ``helm WORDS`` in the namespace of the release."""
        return await asyncio.to_thread(
            subprocess.run,
            [str(self.binary), *words, "--namespace", NAMESPACE],
            env={
                "HOME": str(self.folder),
                "PATH": os.defpath,
                "KUBECONFIG": str(self.folder / "kubeconfig"),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )

    async def must(self, *words: str) -> str:
        """Run it; all that it printed. AssertionError if it fails."""
        done = await self.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    async def refused(self, *words: str) -> str:
        """Run it; the error that it ended with. AssertionError if it succeeds."""
        done = await self.run(*words)
        assert done.returncode != 0, done.stdout
        return done.stderr

    async def release(self, verb: str, **values: str) -> str:
        """Install or upgrade the release by the chart, with these values beside its own."""
        chosen = [f"{key}={value}" for key, value in values.items()]
        flags = [word for each in chosen for word in ("--set", each)]
        chart, file = str(self.folder / "ako"), str(self.folder / "values.json")
        made = ("--create-namespace",) if verb == "install" else ()
        return await self.must(verb, RELEASE, chart, "--values", file, *made, *flags)

    def write(self, parts: list[Object], account: dict[str, str]) -> None:
        """Make the chart of these objects, and its values."""
        templates = self.folder / "ako" / "templates"
        templates.mkdir(parents=True)
        chart = {"apiVersion": "v2", "name": "ako", "version": "1.13.4", "appVersion": "1.13.4"}
        (self.folder / "ako" / "Chart.yaml").write_text(json.dumps(chart))
        values = {"logLevel": "INFO", "account": account}
        install.write_private(self.folder / "values.json", json.dumps(values))
        for number, part in enumerate(parts):
            (templates / f"{number:02}.yaml").write_text(_template(part))


@dataclasses.dataclass(frozen=True, kw_only=True)
class HelmRelease(Install):
    """A release of that chart."""

    helm: Helm

    async def create(self, api: kubeapi.KubeApi) -> None:
        """Install it. Nothing is written with ``api``."""
        await self.helm.release("install")


def by(helm: Helm) -> installs.Make:
    """Make AKO by this Helm."""

    def make(plan: Plan) -> HelmRelease:
        modelled = installs.by_helm(plan)
        parts = [_plain(part) for part in modelled.parts]
        helm.write(parts, plan.account)
        return HelmRelease(
            program="helm",
            namespace=NAMESPACE,
            cluster_name=plan.cluster_name,
            parts=modelled.parts,
            helm=helm,
        )

    return make


def _plain(part: Object) -> Object:
    """An object without the marks that Helm itself puts on it."""
    metadata = dict(part["metadata"])
    annotations = {
        key: value
        for key, value in (metadata.pop("annotations", None) or {}).items()
        if not key.startswith("meta.helm.sh/")
    }
    return {**part, "metadata": metadata | ({"annotations": annotations} if annotations else {})}


def _template(part: Object) -> str:
    obj = dict(part)
    if obj["kind"] == "ConfigMap":
        obj["data"] = {**obj["data"], "logLevel": "{{ .Values.logLevel }}"}
    if obj["kind"] == "Secret":
        names = obj.pop("stringData")
        obj["data"] = {name: "{{ .Values.account." + name + " | b64enc }}" for name in names}
    text = json.dumps(obj, indent=1)
    return text.replace(RELEASE, "{{ .Release.Name }}").replace(
        f'"{NAMESPACE}"', '"{{ .Release.Namespace }}"'
    )
