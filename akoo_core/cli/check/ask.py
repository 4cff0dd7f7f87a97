"""Asks the plugins what they can reach, and puts their answers into rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from akoo_core import structs
from akoo_core.app import parts
from akoo_core.cli import columns, fleet, operating
from akoo_core.kube import client, resource
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.plugin_host import context
from akoo_core.reconcile.act.services import Services

HEADS = ("SYSTEM", "SUBJECT", "STATE", "MESSAGE")
STATES: tuple[api.FindingState, ...] = get_args(api.FindingState)


class PluginFindings(structs.Struct, frozen=True, kw_only=True):
    """The findings of one plugin; ``problem`` instead, when it failed."""

    plugin: str
    findings: tuple[api.Finding, ...] = ()
    problem: str = ""

    @property
    def good(self) -> bool:
        """It answered, and all states are good."""
        return not self.problem and all(finding.state == "good" for finding in self.findings)


class CheckReport(structs.Struct, frozen=True, kw_only=True):
    """The answers of all plugins."""

    answers: tuple[PluginFindings, ...]
    silent: tuple[str, ...] = ()
    """Selected plugins without the hook."""

    @property
    def good(self) -> bool:
        """Every answer is good."""
        return all(answer.good for answer in self.answers)


async def ask(
    kube: client.KubeClient, loaded: operating.OperatorParts, services: Services, only: str
) -> CheckReport:
    """Ask the plugins, one after the other. ``only``: one of them, or "" for all with a check.

    Raises InputError for a plugin that is not selected or has no check.
    """
    plugins = operating.asked(loaded, services, "check", only)
    belongings = context.Belongings(
        registered=loaded.registered,
        records=(await fleet.records(kube)).known,
        configs=tuple(await fleet.listed(kube, resource.AKO_DEPLOYMENT_CONFIGS)),
    )
    means = parts.means(services)
    answers = [
        await _answer(
            services, context.build_check_context(plugin, means, kube, belongings), plugin
        )
        for plugin in plugins
    ]
    able = services.caller.implements
    silent = [plugin for plugin in loaded.plugins.ordered if not able(plugin, "check")]
    return CheckReport(
        answers=tuple(answers),
        silent=() if only else tuple(plugin.name for plugin in silent),
    )


async def _answer(services: Services, ctx: api.CheckContext, plugin: api.Plugin) -> PluginFindings:
    try:
        findings = await services.caller.check(plugin, ctx)
    except VerbError as error:
        return PluginFindings(plugin=plugin.name, problem=error.problem)
    return PluginFindings(plugin=plugin.name, findings=findings or ())


# For people. Pure.


def lines(report: CheckReport) -> Iterator[str]:
    """A table for each plugin, and the plugins without a check."""
    for answer in report.answers:
        if answer.problem:
            yield f"{answer.plugin}: no check: {answer.problem}"
        elif not answer.findings:
            yield f"{answer.plugin}: nothing to check"
        else:
            yield f"{answer.plugin}: {_counted(answer.findings)}"
            yield from (f"  {line}" for line in columns.lines([HEADS, *map(_row, answer.findings)]))
    if report.silent:
        yield f"without a check: {', '.join(report.silent)}"


def _counted(findings: Sequence[api.Finding]) -> str:
    """``4 good, 1 wrong``."""
    states = [finding.state for finding in findings]
    return ", ".join(f"{states.count(state)} {state}" for state in STATES if state in states)


def _row(finding: api.Finding) -> tuple[str, ...]:
    return finding.system, finding.subject, finding.state, finding.message


def plain(report: CheckReport) -> dict[str, Any]:
    """The JSON output."""
    return {
        "plugins": [structs.to_object(answer) for answer in report.answers],
        "withoutCheck": list(report.silent),
    }
