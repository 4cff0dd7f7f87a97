"""Write the files that are made from code and from packaged manifests: all of deploy/, some pages
of docs/, and the manual pages.

deploy/ is the installation of `akoo-core manifests --plugins ako,avi` for kustomize, with the
definitions of every plugin in this checkout. Run it with `make generate`.
"""

from __future__ import annotations

import pathlib
import sys
from typing import Any

import yaml

from akoo_core import settings, signals
from akoo_core.manifests import packaged, people, render
from akoo_core.plugin import api
from akoo_core.plugin.signals import Signals
from akoo_core.plugin_host import loader, rbac
from akoo_core.signals import rules
from hack import chart, clusterctl, compatibility, manpages
from hack.monitoring import dashboards, pages

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
    plugins_here = first_party()
    definitions = packaged.folders(plugins_here.values())
    made |= _copies("crds", *definitions)
    made |= _copies("policies", packaged.core_folder("policies"))
    for name in (*KUSTOMIZED, "networkpolicy"):
        text = (packaged.core_folder("operator") / f"{name}.yaml").read_text()
        made[f"base/{name}.yaml"] = f"{HEADER}{text}"
    chosen = plugins(INSTALLED)
    made["base/config.yaml"] = HEADER + render.default_settings(chosen)
    made["rbac/clusterrole.yaml"] = HEADER + render.text(rbac.manifests(chosen))
    made |= {f"chart/akoo-core/{path}": text for path, text in chart.files(plugins_here).items()}
    made |= {f"monitoring/{path}": text for path, text in monitoring().items()}
    made |= {f"clusterctl/{name}": HEADER + text for name, text in clusterctl.files(chosen).items()}
    kinds = [render.kind(each) for folder in definitions for each in packaged.read(folder)]
    made["rbac/users.yaml"] = HEADER + render.text(people.roles(kinds))
    return made


def first_party() -> dict[str, type[api.Plugin]]:
    """The plugin classes of this checkout, by name."""
    own = [kind.name for kind in loader.installed() if kind.dist.startswith("akoo-")]
    return {name: loader.import_class(name) for name in own}


def every_signal() -> dict[str, Signals]:
    """The signals of the core and of the plugins of this checkout."""
    return signals.of(first_party())


def documents() -> dict[str, str]:
    """The text of each page that is made, by its path below docs/."""
    return pages.files(every_signal()) | compatibility.files()


def monitoring() -> dict[str, str]:
    """The text of each file of deploy/monitoring, by its name."""
    every = every_signal()
    boards = {f"dashboards/{name}": text for name, text in dashboards.files(every).items()}
    kustomized = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": rules.NAMESPACE,
        "resources": ["podmonitor.yaml", "prometheusrule.yaml"],
        "generatorOptions": {
            "disableNameSuffixHash": True,
            "labels": {**rules.LABELS, "grafana_dashboard": "1"},
        },
        "configMapGenerator": [{"name": "akoo-core-dashboards", "files": sorted(boards)}],
    }
    objects: dict[str, Any] = {
        "kustomization.yaml": kustomized,
        "podmonitor.yaml": rules.pod_monitor(),
        "prometheusrule.yaml": rules.prometheus_rule(every),
        "rules.yaml": rules.plain(every),
    }
    texts = {name: HEADER + _yaml(obj) for name, obj in objects.items()}
    return texts | boards


def _yaml(obj: Any) -> str:
    return yaml.dump(obj, Dumper=_Dumper, sort_keys=False, width=100, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


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
    made = {f"deploy/{path}": text for path, text in files().items()}
    made |= {f"docs/{path}": text for path, text in documents().items()}
    made |= {f"akoo_core/cli/{path}": text for path, text in manpages.files().items()}
    for path, text in made.items():
        file = ROOT / path
        if not file.exists() or file.read_text() != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
