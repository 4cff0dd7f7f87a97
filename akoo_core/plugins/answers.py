"""What a verb may answer, checked before anybody acts on it. Pure.

An answer that cannot become a condition, or a fact that nobody declared, would otherwise fail far
away from the plugin that gave it.
"""

from __future__ import annotations

from akoo_core.api import conditions
from akoo_core.plugins import api
from akoo_core.plugins.errors import VerbError
from akoo_core.plugins.hooks import Hook


def check(hook: Hook, plugin: api.Plugin, answer: object) -> None:
    """Return, or raise VerbError saying what came and what may."""
    problem = _problem(hook, plugin, answer)
    if problem:
        raise VerbError(plugin.name, hook.name, problem)


def _problem(hook: Hook, plugin: api.Plugin, answer: object) -> str:
    if not hook.accepts(answer):
        return f"it returned {type(answer).__name__}, but may return {hook.allowed}"
    if hook.name == "secret_references" and not _are_references(answer):
        return "it must return a tuple of (namespace, name) pairs of text"
    if hook.name == "plan" and answer is not None and not _are_actions(answer):
        return "it must return a tuple of PlannedAction"
    problem = ""
    if isinstance(answer, api.Wait | api.Blocked | api.Unverified):
        problem = _reason_problem(answer.reason)
    if isinstance(answer, api.Done | api.Wait):
        problem = problem or _facts_problem(plugin, answer)
    return problem


def _reason_problem(reason: str) -> str:
    try:
        conditions.Condition(type="Ready", status="False", reason=reason)
    except ValueError:
        return f"its reason {reason!r} is not a CamelCase noun"
    return ""


def _facts_problem(plugin: api.Plugin, answer: api.Done | api.Wait) -> str:
    undeclared = [fact for fact in answer.facts if type(fact) not in plugin.provides]
    if undeclared:
        declared = ", ".join(fact.fact_name for fact in plugin.provides) or "nothing"
        return (
            f"it gave the fact {type(undeclared[0]).__name__}, but the plugin provides {declared}"
        )
    names = [fact.fact_name for fact in answer.facts]
    if len(set(names)) != len(names):
        return f"it gave a fact twice ({', '.join(names)})"
    return ""


def _are_actions(answer: object) -> bool:
    return isinstance(answer, tuple) and all(isinstance(one, api.PlannedAction) for one in answer)


def _are_references(answer: object) -> bool:
    return isinstance(answer, tuple) and all(
        isinstance(one, tuple) and len(one) == 2 and all(isinstance(part, str) for part in one)
        for one in answer
    )
