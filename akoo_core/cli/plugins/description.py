"""The declarations of a plugin, as plain values, without running it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from akoo_core import settings, structs
from akoo_core.objects import names
from akoo_core.plugin import api
from akoo_core.plugin_host import contract, loader
from akoo_core.plugin_host.hooks import HOOKS


def describe(installed: loader.Installed, kind: type[api.Plugin]) -> dict[str, Any]:
    """Everything that the class declares; ``kind`` keeps the contract."""
    return {
        "name": installed.name,
        "distribution": installed.dist,
        "version": installed.version,
        "apiVersion": kind.api_version,
        "class": f"{kind.__module__}:{kind.__qualname__}",
        "file": contract.where(kind),
        "summary": _first_sentence(kind),
        "verbs": [name for name in HOOKS if hasattr(kind, name)],
        "provides": _facts(kind.provides),
        "requires": _facts(kind.requires),
        "accepts": _facts(kind.accepts),
        "after": list(kind.after),
        "settings": _entries(kind.settings_type, f"plugins.{installed.name}"),
        "config": _entries(kind.config_type, f"spec.plugins.{installed.name}"),
        "annotations": [
            {
                "name": f"{installed.name}.{names.GROUP}/{annotation.name}",
                "help": annotation.help,
                "values": [annotation.value, *(flag.name for flag in annotation.flags)],
            }
            for annotation in kind.annotations
        ],
        "rbac": [structs.to_plain(rule) for rule in kind.rbac],
    }


def lines(described: dict[str, Any]) -> Iterable[str]:
    """The description as lines of text."""
    yield f"{described['name']} ({described['distribution']} {described['version']})"
    yield f"  {described['summary']}"
    yield f"  {described['class']}  {described['file']}"
    yield f"  verbs      {', '.join(described['verbs']) or 'none'}"
    for relation in ("provides", "requires", "accepts"):
        facts = [f"{fact['name']} v{fact['version']}" for fact in described[relation]]
        yield f"  {relation:<10} {', '.join(facts) or 'nothing'}"
    if described["after"]:
        yield f"  after      {', '.join(described['after'])}"
    for title in ("settings", "config"):
        for entry in described[title]:
            default = entry["default"]
            shown = "" if default in (None, "", (), [], {}) else f" (default {default})"
            yield f"  {title:<10} {entry['path']}: {entry['type']}{shown}"
            yield from (f"             {line}" for line in entry["doc"].splitlines())
    for annotation in described["annotations"]:
        yield f"  annotation {annotation['name']}: {annotation['help']}"
    for rule in described["rbac"]:
        named = f" named {', '.join(rule['names'])}" if rule.get("names") else ""
        kinds = ", ".join(rule["resources"])
        groups = ", ".join(group or "core" for group in rule["groups"])
        yield f"  rbac       {', '.join(rule['verbs'])} on {kinds} of {groups}{named}"
    if not described["rbac"]:
        yield "  rbac       none of its own"


def _facts(facts: Iterable[type[api.Fact]]) -> list[dict[str, Any]]:
    return [{"name": fact.fact_name, "version": fact.fact_version} for fact in facts]


def _entries(kind: type[structs.StrictStruct] | None, prefix: str) -> list[dict[str, Any]]:
    entries = settings.reference(kind, prefix) if kind else []
    return [
        {"path": entry.path, "type": entry.type, "default": entry.default, "doc": entry.doc}
        for entry in entries
    ]


def _first_sentence(kind: type[api.Plugin]) -> str:
    """Of the plugin's own docstring, on one line."""
    words = " ".join((vars(kind).get("__doc__") or "").split())
    return words.partition(". ")[0].rstrip(".")
