"""A real clusterctl with a repository on this machine, without the network: our add-on provider in
two versions, and Cluster API's own definitions as the core provider."""

from __future__ import annotations

import asyncio
import pathlib
import subprocess
from collections.abc import Mapping
from typing import Any

import yaml
from akoo_testbed import definitions
from akoo_testbed.building import build

import akoo_core

FILES = pathlib.Path(__file__).parents[3] / "deploy" / "clusterctl"
IMAGE = "example.com/akoo-core:0.1.0"
VERSION = f"v{akoo_core.__version__}"
NEXT_VERSION = f"{VERSION.rpartition('.')[0]}.99"
CORE_VERSION = "v1.13.6"
CONTRACT = "v1beta2"
SECONDS = 120.0
NONE: Mapping[str, str] = {}

Object = dict[str, Any]


class Clusterctl:
    """clusterctl, its settings and its repository, in a folder."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._built = build.ensure(["clusterapi"])
        self.program = self._built.binary("clusterctl")
        ours = {
            version: {file.name: file.read_text() for file in FILES.iterdir()}
            for version in (VERSION, NEXT_VERSION)
        }
        core = {CORE_VERSION: self._core()}
        providers = [
            self._provider("akoo", "AddonProvider", "addon-akoo", "addon-components.yaml", ours),
            self._provider(
                "cluster-api", "CoreProvider", "cluster-api", "core-components.yaml", core
            ),
        ]
        self._config = folder / "clusterctl.yaml"
        self._config.write_text(yaml.safe_dump({"providers": providers}))

    def _provider(
        self,
        name: str,
        kind: str,
        folder: str,
        components: str,
        versions: dict[str, dict[str, str]],
    ) -> dict[str, str]:
        """Write the files of each version. The entry for clusterctl's settings is returned."""
        for version, files in versions.items():
            place = self._folder / folder / version
            place.mkdir(parents=True)
            for file, text in files.items():
                (place / file).write_text(text)
        url = self._folder / folder / next(iter(versions)) / components
        return {"name": name, "type": kind, "url": str(url)}

    def _core(self) -> dict[str, str]:
        """Cluster API's definitions as a provider, without its controllers."""
        bases = self._built.share("clusterapi") / "config" / "crd" / "bases"
        objects: list[Object] = [_namespace("capi-system")]
        for obj in definitions.load(bases):
            if obj["spec"]["group"] == "cluster.x-k8s.io":
                labels = {f"cluster.x-k8s.io/{CONTRACT}": CONTRACT}
                obj["metadata"]["labels"] = obj["metadata"].get("labels", {}) | labels
                objects.append(obj)
        major, minor, _ = CORE_VERSION.removeprefix("v").split(".")
        series = {"major": int(major), "minor": int(minor), "contract": CONTRACT}
        metadata = {
            "apiVersion": "clusterctl.cluster.x-k8s.io/v1alpha3",
            "kind": "Metadata",
            "releaseSeries": [series],
        }
        return {
            "core-components.yaml": yaml.dump_all(objects, Dumper=yaml.CSafeDumper),
            "metadata.yaml": yaml.safe_dump(metadata),
        }

    def command(self, *words: str) -> list[str]:
        """The command line."""
        return [str(self.program), *words, "--config", str(self._config)]

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Its variables: it asks nobody for a newer version of itself."""
        own = {"HOME": str(self._folder), "CLUSTERCTL_DISABLE_VERSIONCHECK": "true"}
        return {**own, **variables}

    def run(
        self, *words: str, variables: Mapping[str, str] = NONE, seconds: float = SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end. Raises TimeoutExpired after ``seconds``, when it was killed."""
        return subprocess.run(
            self.command(*words),
            env=self.environment(variables),
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )

    async def must(
        self,
        kubeconfig: pathlib.Path,
        *words: str,
        image: str = IMAGE,
        namespace: str = "",
        seconds: float = SECONDS,
    ) -> None:
        """Run it on a management cluster. Raises AssertionError with its words when it fails."""
        line = (*words, "--kubeconfig", str(kubeconfig))
        variables = {"AKOO_IMAGE": image}
        if namespace:
            variables["AKOO_NAMESPACE"] = namespace
        done = await asyncio.to_thread(self.run, *line, variables=variables, seconds=seconds)
        assert done.returncode == 0, done.stdout + done.stderr

    def objects(self, **variables: str) -> list[Object]:
        """The objects that it would install. Raises AssertionError with its words."""
        words = ("generate", "provider", "--addon", f"akoo:{VERSION}")
        done = self.run(*words, variables=variables)
        assert done.returncode == 0, done.stderr
        return [obj for obj in yaml.load_all(done.stdout, Loader=yaml.CSafeLoader) if obj]


AGAIN = ("init", "--addon", f"akoo:{VERSION}", "--bootstrap", "-", "--control-plane", "-")
"""Our provider, and none that clusterctl would bring by itself."""
FIRST = (*AGAIN, "--core", f"cluster-api:{CORE_VERSION}")
"""The same on an empty server, with Cluster API's definitions."""


def _namespace(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def cert_manager() -> list[Object]:
    """The kinds of cert-manager that clusterctl asks for: it takes it for installed."""
    return [_kind("issuers", "Issuer"), _kind("certificates", "Certificate")]


def _kind(plural: str, kind: str) -> Object:
    group = "cert-manager.io"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    served = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
    }
    names = {"plural": plural, "kind": kind, "singular": kind.lower(), "listKind": f"{kind}List"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [served]},
    }
