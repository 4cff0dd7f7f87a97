"""Write the files under deploy/ that are made from code and from packaged manifests.

deploy/ is the installation of `akoo-core manifests --plugins ako,avi` for kustomize, with the
definitions of every plugin in this checkout. Run it with `make generate`.
"""

from __future__ import annotations

import pathlib
import sys

import yaml

from akoo_core import settings
from akoo_core.manifests import packaged, people, render
from akoo_core.plugin import api
from akoo_core.plugin_host import loader, rbac
from hack import chart, clusterctl

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADER = "# Made by `make generate`. Do not edit.\n"
KUSTOMIZED = ("namespace", "serviceaccount", "bindings", "deployment", "poddisruptionbudget")
INSTALLED = "ako,avi"


def plugins(names: str) -> tuple[api.Plugin, ...]:
    """The plugins of these names, with default settings."""
    return loader.load(settings.load(overrides={"enabledPlugins": names})).ordered


def files() -> dict[str, str]:
    """The text of each generated file, by its path below deploy/."""
    made: dict[str, str] = {}
    own = [kind.name for kind in loader.installed() if kind.dist.startswith("akoo-")]
    definitions = packaged.folders(loader.import_class(name) for name in own)
    made |= _copies("crds", *definitions)
    made |= _copies("policies", packaged.core_folder("policies"))
    for name in (*KUSTOMIZED, "networkpolicy"):
        text = (packaged.core_folder("operator") / f"{name}.yaml").read_text()
        made[f"base/{name}.yaml"] = f"{HEADER}{text}"
    chosen = plugins(INSTALLED)
    made["base/config.yaml"] = HEADER + render.default_settings(chosen)
    made["rbac/clusterrole.yaml"] = HEADER + render.text(rbac.manifests(chosen))
    first_party = {name: loader.import_class(name) for name in own}
    made |= {f"chart/akoo-core/{path}": text for path, text in chart.files(first_party).items()}
    made |= {f"clusterctl/{name}": HEADER + text for name, text in clusterctl.files(chosen).items()}
    kinds = [render.kind(each) for folder in definitions for each in packaged.read(folder)]
    made["rbac/users.yaml"] = HEADER + render.text(people.roles(kinds))
    return made


def _copies(name: str, *folders: pathlib.Path) -> dict[str, str]:
    sources = {file.name: file for folder in folders for file in folder.glob("*.yaml")}
    made = {f"{name}/{file}": HEADER + sources[file].read_text() for file in sorted(sources)}
    listed = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": sorted(sources),
    }
    made[f"{name}/kustomization.yaml"] = HEADER + yaml.safe_dump(listed, sort_keys=False)
    return made


def main() -> int:
    """Write every file that differs, and name it."""
    for path, text in files().items():
        file = ROOT / "deploy" / path
        if not file.exists() or file.read_text() != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            sys.stdout.write(f"deploy/{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
