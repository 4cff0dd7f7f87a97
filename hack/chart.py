"""The Helm chart, made of the same objects as `akoo-core manifests`.

Chart.yaml, values.yaml, the helpers and the notes are written by hand (hack/chart_sources). The
templates are the objects, with expressions of Helm in place of what an installation chooses.
"""

from __future__ import annotations

import json
import pathlib
import re
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import yaml

from akoo_core import settings, signals
from akoo_core.manifests import packaged, people, render
from akoo_core.plugin import api
from akoo_core.plugin.signals import Signals
from akoo_core.plugin_host import rbac
from akoo_core.signals import rules
from hack.monitoring import dashboards

SOURCES = pathlib.Path(__file__).parent / "chart_sources"
NAMESPACE = "{{ .Release.Namespace }}"
OWNED_BY_THE_CHART = ("enabledPlugins", "operatorNamespace", "health", "proxy", "caBundle")
"""Settings that follow from other values, or that the Deployment depends on."""

Object = dict[str, Any]
Plugins = Mapping[str, type[api.Plugin]]
"""Plugin classes by name. They are not made: some have settings without a default."""


def files(plugins: Plugins) -> dict[str, str]:
    """The text of each file of the chart, by its path below the chart's folder."""
    made = {
        str(file.relative_to(SOURCES)): file.read_text()
        for file in sorted(SOURCES.rglob("*"))
        if file.is_file()
    }
    made["values.schema.json"] = _schema(plugins)
    made["templates/crds.yaml"] = _definitions(plugins)
    made["templates/policies.yaml"] = _if(".Values.policies.create", _policies())
    made["templates/rbac.yaml"] = _rights(plugins)
    made["templates/users.yaml"] = _if(".Values.userRoles.create", _people(plugins))
    made["templates/operator.yaml"] = _operator()
    made |= _monitoring(plugins)
    return made


def _if(condition: str, text: str) -> str:
    return f"{{{{- if {condition} }}}}\n{text}{{{{- end }}}}\n"


def _selected(name: str) -> str:
    return f'has "{name}" .Values.plugins'


def _dump(objects: Iterable[Any]) -> str:
    return render.text(objects)


def _in_release(text: str) -> str:
    return text.replace(render.DEFAULT_NAMESPACE, NAMESPACE)


def _definitions(plugins: Plugins) -> str:
    parts = [_dump(_kept(packaged.read(packaged.core_folder("crds"))))]
    for name, plugin in plugins.items():
        folder = packaged.plugin_folder(plugin)
        if folder is not None:
            parts.append(_if(_selected(name), _dump(_kept(packaged.read(folder)))))
    return _if(".Values.crds.create", "".join(parts))


def _kept(objects: Iterable[Object]) -> list[Object]:
    """Objects that `helm uninstall` leaves. With a definition all its records would go; a policy
    protects the records that are left."""
    kept = []
    for obj in objects:
        annotations = obj["metadata"].get("annotations", {}) | {"helm.sh/resource-policy": "keep"}
        kept.append(obj | {"metadata": obj["metadata"] | {"annotations": annotations}})
    return kept


def _policies() -> str:
    return _in_release(_dump(_kept(packaged.read(packaged.core_folder("policies")))))


def _rules(rules: Iterable[Any]) -> str:
    return yaml.safe_dump(list(rules), sort_keys=False)


def _rights(plugins: Plugins) -> str:
    """One ClusterRole and one Role, with a part for each plugin that is selected."""
    cluster_role, role = rbac.manifests(())
    text = _dump(_packaged("serviceaccount", "bindings")) + _dump([cluster_role])
    for name, plugin in plugins.items():
        own = rbac.plain(rbac.of_plugin(plugin))
        if own:
            text += _if(_selected(name), _rules(own))
    text += _if(".Values.extraRules", "{{ toYaml .Values.extraRules }}\n")
    text += _dump([role])
    keeping = [name for name, kind in plugins.items() if kind.keeps]
    reading = [name for name, kind in plugins.items() if kind.reads_config_maps]
    for names, rights in ((keeping, rbac.KEEPING), (reading, rbac.READING)):
        if names:
            selected = " ".join(f"({_selected(name)})" for name in names)
            text += _if(f"or {selected}", _rules(rbac.plain(rights)))
    return _in_release(text)


def _people(plugins: Plugins) -> str:
    """The ClusterRoles for people, with a part for each plugin that is selected."""
    core = packaged.read(packaged.core_folder("crds"))
    texts = {role["metadata"]["name"]: _dump([role]) for role in people.roles(_kinds(core))}
    for name, plugin in plugins.items():
        folder = packaged.plugin_folder(plugin)
        if folder is None:
            continue
        kinds = _kinds(packaged.read(folder))
        for role in people.roles(kinds):
            own = [rule for rule in role["rules"] if _concerns(rule, kinds)]
            texts[role["metadata"]["name"]] += _if(_selected(name), _rules(own))
    return "".join(texts.values())


def _kinds(crds: Iterable[Object]) -> list[Any]:
    return [render.kind(crd) for crd in crds]


def _concerns(rule: Mapping[str, Any], kinds: Iterable[Any]) -> bool:
    return bool({kind.plural for kind in kinds} & set(rule["resources"]))


def _packaged(*names: str) -> list[Object]:
    """The packaged objects, in the namespace of the release."""
    folder = packaged.core_folder("operator")
    objects = [each for name in names for each in packaged.documents(folder / f"{name}.yaml")]
    for each in objects:
        if not each["kind"].startswith("Cluster"):
            each["metadata"]["namespace"] = NAMESPACE
    return objects


def _operator() -> str:
    """Settings, Deployment, disruption budget and network policy."""
    (deployment,) = _packaged("deployment")
    spec = deployment["spec"]
    spec["replicas"] = "@value replicas@"
    pods = spec["template"]
    pods["metadata"]["annotations"][render.SETTINGS_HASH] = '@include "akoo-core.settingsHash" .@'
    pods["metadata"]["annotations"]["@more podAnnotations@"] = ""
    pod = pods["spec"]
    (container,) = pod["containers"]
    container["image"] = '@include "akoo-core.image" .@'
    container["imagePullPolicy"] = "@value image.pullPolicy@"
    container["env"] += [{'@items "akoo-core.outside" .@': ""}, {"@more env@": ""}]
    container["volumeMounts"] += [
        {'@items "akoo-core.caMount" .@': ""},
        {"@more extraVolumeMounts@": ""},
    ]
    pod["volumes"] += [{'@items "akoo-core.caVolume" .@': ""}, {"@more extraVolumes@": ""}]
    container["resources"] = "@yaml resources@"
    for key in ("tolerations", "topologySpreadConstraints", "affinity"):
        pod[key] = f"@yaml {key}@"
    for key in ("imagePullSecrets", "nodeSelector", "priorityClassName"):
        pod[key] = f"@with {key}@"
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": render.SETTINGS,
            "namespace": NAMESPACE,
            "labels": {"app.kubernetes.io/name": rbac.NAME},
        },
        "data": {"config.yaml": '@text "akoo-core.settings" .@'},
    }
    text = _expressions(_dump([config_map, deployment]))
    for name in ("poddisruptionbudget", "networkpolicy"):
        (obj,) = _packaged(name)
        key = {"poddisruptionbudget": "podDisruptionBudget", "networkpolicy": "networkPolicy"}[name]
        text += _if(f".Values.{key}.create", _dump([obj]))
    return text


def _monitoring(plugins: Plugins) -> dict[str, str]:
    """PodMonitor, alerts and dashboards, with a part for each plugin that is selected."""
    every = signals.of(plugins)
    made = {f"dashboards/{name}": text for name, text in dashboards.files(every).items()}
    monitor = rules.pod_monitor()
    monitor["spec"]["podMetricsEndpoints"][0]["interval"] = "@value monitoring.podMonitor.interval@"
    made["templates/podmonitor.yaml"] = _monitored("podMonitor", monitor)
    rule = rules.prometheus_rule(every)
    rule["spec"]["groups"] = ["@groups@"]
    text = _monitored("prometheusRule", rule)
    made["templates/prometheusrule.yaml"] = text.replace("  - '@groups@'\n", _groups(every))
    maps = [_board(name, own) for name, own in every.items() if own.boards]
    made["templates/dashboards.yaml"] = _if(".Values.monitoring.dashboards.create", "".join(maps))
    return made


def _monitored(key: str, obj: Object) -> str:
    obj["metadata"]["namespace"] = NAMESPACE
    obj["metadata"]["labels"][f"@more monitoring.{key}.labels@"] = ""
    return _if(f".Values.monitoring.{key}.create", _expressions(_dump([obj])))


def _groups(every: Mapping[str, Signals]) -> str:
    """The groups of rules. Prometheus has expressions in braces, too: Helm leaves those alone."""
    texts = []
    for plugin, group in rules.groups(every, "@runbooks@").items():
        text = textwrap.indent(yaml.safe_dump([group], sort_keys=False, width=1000), "  ")
        text = re.sub(r"\{\{.*?\}\}", lambda match: f"{{{{`{match[0]}`}}}}", text)
        text = re.sub(r"'?@runbooks@(/\w+\.md)'?", r"{{ $.Values.monitoring.runbooks }}\1", text)
        texts.append(_if(_selected(plugin), text) if plugin else text)
    return "".join(texts)


def _board(plugin: str, own: Signals) -> str:
    """A ConfigMap with the dashboards of a plugin, for Grafana's sidecar."""
    config_map: Object = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"{rbac.NAME}-dashboards{f'-{plugin}' if plugin else ''}",
            "namespace": NAMESPACE,
            "labels": dict(rules.LABELS) | {"@more monitoring.dashboards.labels@": ""},
        },
        "data": {
            f"{board.name}.json": f'@file "dashboards/{board.name}.json"@' for board in own.boards
        },
    }
    text = _expressions(_dump([config_map]))
    return _if(_selected(plugin), text) if plugin else text


_LINE = re.compile(
    r"""^(?P<indent>\ *)(?:-\ )?(?:(?P<key>[\w./-]+):\ )?
    '?@(?P<word>\w+)\ (?P<path>[^@]*)@'?(?::\ '')?$""",
    re.MULTILINE | re.VERBOSE,
)


def _expressions(text: str) -> str:
    """``text`` with Helm's expressions in place of the placeholders ``@word path@``.

    ``value``, ``yaml``: a value, plain or structured. ``with``: the same, left out where it is
    empty. ``items``: the items of a helper, left out where there are none. ``more``: further items
    or keys. ``include``, ``text``: a helper, in a line or as text.
    ``file``: a file of the chart, as text.
    """
    return _LINE.sub(_expression, text)


def _expression(match: re.Match[str]) -> str:
    indent, key, path = match["indent"], match["key"], match["path"]
    deep = len(indent) + 2
    texts = {
        "items": (
            f"{indent}{{{{- with include {path} | trim }}}}\n"
            f"{indent}{{{{- . | nindent {len(indent)} }}}}\n{indent}{{{{- end }}}}"
        ),
        "value": f"{indent}{key}: {{{{ .Values.{path} }}}}",
        "include": f"{indent}{key}: {{{{ include {path} }}}}",
        "yaml": f"{indent}{key}:\n{indent}  {{{{- toYaml .Values.{path} | nindent {deep} }}}}",
        "with": (
            f"{indent}{{{{- with .Values.{path} }}}}\n{indent}{key}:\n"
            f"{indent}  {{{{- toYaml . | nindent {deep} }}}}\n{indent}{{{{- end }}}}"
        ),
        "more": (
            f"{indent}{{{{- with .Values.{path} }}}}\n"
            f"{indent}{{{{- toYaml . | nindent {len(indent)} }}}}\n{indent}{{{{- end }}}}"
        ),
        "text": f"{indent}{key}: |\n{indent}  {{{{- include {path} | nindent {deep} }}}}",
        "file": f"{indent}{key}: |\n{indent}  {{{{- .Files.Get {path} | nindent {deep} }}}}",
    }
    return texts[match["word"]]


def _schema(plugins: Plugins) -> str:
    """values.schema.json: that of values.yaml, with the settings' own types."""
    schema = json.loads((SOURCES / "values.schema.json").read_text())
    kinds: dict[str, type[Any]] = {"settings": settings.Settings}
    kinds |= {name: kind.settings_type for name, kind in plugins.items() if kind.settings_type}
    made, definitions = msgspec.json.schema_components(
        kinds.values(), ref_template="#/$defs/{name}"
    )
    references = dict(zip(kinds, made, strict=True))
    own = definitions[references.pop("settings")["$ref"].rpartition("/")[2]]
    for key in OWNED_BY_THE_CHART:
        del own["properties"][key]
    # Plugins that are not of this checkout have settings that only they know.
    own["properties"]["plugins"] = {"type": "object", "properties": references}
    schema["properties"]["settings"] = own
    schema["$defs"] = dict(sorted(definitions.items()))
    return json.dumps(schema, indent=1) + "\n"
