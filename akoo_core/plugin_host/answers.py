"""Answers of verbs, checked before anything acts on them. Pure.

An answer that cannot become a condition, a number that is not finite, or an undeclared fact would
otherwise fail far away from its plugin, and stop the other plugins.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

from akoo_core import structs
from akoo_core.objects import conditions
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError, describe
from akoo_core.plugin_host.hooks import Hook

_Name = Annotated[str, structs.Meta(min_length=1)]

_ELEMENTS: Mapping[str, type[structs.Struct]] = {"plan": api.PlannedAction, "check": api.Finding}
"""The class of the elements, for each hook that answers with a tuple of structs."""


_CONSUMING = ("prepare", "observe")
"""The verbs whose answers are stored with facts."""


class _Metadata(structs.Struct, frozen=True, kw_only=True):
    name: _Name
    namespace: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class _Manifest(structs.Struct, frozen=True, kw_only=True):
    """The fields that the deploy executor reads of an object before it applies it."""

    api_version: _Name
    kind: _Name
    metadata: _Metadata


def checked(hook: Hook, plugin: api.Plugin, answer: Any) -> Any:
    """The answer, all its values as they are declared. Raises VerbError with the
    type that came and the types that may."""
    if not hook.accepts(answer):
        problem = f"it returned {type(answer).__name__}, but may return {hook.allowed}"
        raise VerbError(plugin.name, hook.name, problem)
    problem = _tuple_problem(hook, answer)
    if problem:
        raise VerbError(plugin.name, hook.name, problem)
    if hook.name in _ELEMENTS and isinstance(answer, tuple):
        return tuple(valid(plugin, hook.name, element) for element in answer)
    return valid(plugin, hook.name, answer)


def valid(plugin: api.Plugin, verb: str, answer: Any) -> Any:
    """An answer of an allowed type, all its values as they are declared. Raises VerbError."""
    if not isinstance(answer, structs.Struct):
        return answer
    try:
        answer = _converted(answer)
    except Exception as error:
        reason = str(error) if isinstance(error, structs.DecodeError) else describe(error)
        problem = f"it returned a {type(answer).__name__} with a wrong value: {reason}"
        raise VerbError(plugin.name, verb, problem) from error
    problem = ""
    if isinstance(answer, api.Wait | api.Blocked | api.Unverified):
        problem = _reason_problem(answer.reason)
    if isinstance(answer, api.Done | api.Fenced):
        problems = (_reason_problem(notice.reason) for notice in answer.notices)
        problem = next(filter(None, problems), "")
    if isinstance(answer, api.Done | api.Wait):
        problem = problem or _facts_problem(plugin, answer)
    if isinstance(answer, api.Done | api.Wait):
        problem = problem or _consumed_problem(plugin, verb, answer)
    if isinstance(answer, api.Intent):
        problem = _conditions_problem(plugin, answer)
    if isinstance(answer, api.Done):
        problem = problem or _declines_problem(plugin, answer)
    if problem:
        raise VerbError(plugin.name, verb, problem)
    return answer


def _converted(answer: structs.Struct) -> structs.Struct:
    """A struct whose fields have the types and bounds of its class.

    Structs are not checked when they are made; they are when they are decoded. Raises DecodeError,
    and whatever encoding raises: text with half a surrogate, values that JSON does not have.
    """
    if isinstance(answer, api.Contribution):
        structs.encode_as_is(answer)
        for number, manifest in enumerate(answer.objects):
            structs.convert(manifest, _Manifest, path=f"objects[{number}]")
        structs.convert(structs.to_plain(answer.secrets), tuple[api.SecretObject, ...])
        structs.convert(structs.to_plain(answer.definitions), tuple[_Name, ...])
        structs.convert(structs.to_plain(answer.adopts), tuple[api.AdoptedObject, ...])
        return answer
    plain = structs.convert(structs.to_plain(answer), type(answer))
    if isinstance(answer, api.Done) and not math.isfinite(answer.recheck_seconds or 0.0):
        # JSON has no NaN: it became null, which means the default here.
        raise structs.DecodeError("recheckSeconds", "Expected a finite number")
    if isinstance(answer, api.Done | api.Wait) and answer.facts:
        facts = tuple(structs.convert(structs.to_plain(fact), type(fact)) for fact in answer.facts)
        return structs.replace(plain, facts=facts)
    return plain


def _tuple_problem(hook: Hook, answer: object) -> str:
    if hook.name == "secret_references" and not _are_references(answer):
        return "it must return a tuple of (namespace, name) pairs of text"
    element = _ELEMENTS.get(hook.name)
    if element is None or answer is None or are_all(element, answer):
        return ""
    return f"it must return a tuple of {element.__name__}"


def _reason_problem(reason: str) -> str:
    try:
        conditions.Condition(type="Ready", status="False", reason=reason)
    except ValueError:
        return f"its reason {reason!r} is not a CamelCase noun"
    return ""


def _conditions_problem(plugin: api.Plugin, answer: api.Intent) -> str:
    types = [each.type for each in answer.conditions]
    undeclared = sorted(set(types) - set(plugin.conditions))
    if undeclared:
        declared = ", ".join(plugin.conditions) or "none"
        return f"it gave the condition {undeclared[0]}, but the plugin declares {declared}"
    if len(set(types)) != len(types):
        return f"it gave a condition twice ({', '.join(types)})"
    problems = (_reason_problem(each.reason) for each in answer.conditions)
    return next(filter(None, problems), "")


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


def _declines_problem(plugin: api.Plugin, answer: api.Done) -> str:
    provided = {fact.fact_name for fact in plugin.provides}
    undeclared = [name for name in answer.declines if name not in provided]
    if undeclared:
        declared = ", ".join(sorted(provided)) or "nothing"
        return f"it declines the fact {undeclared[0]}, but the plugin provides {declared}"
    both = sorted({type(fact).fact_name for fact in answer.facts} & set(answer.declines))
    return f"it gives and declines the fact {both[0]}" if both else ""


def _consumed_problem(plugin: api.Plugin, verb: str, answer: api.Done | api.Wait) -> str:
    if not answer.consumed:
        return ""
    if verb not in _CONSUMING:
        return f"it consumed an annotation; only {' and '.join(_CONSUMING)} may"
    declared = [annotation.name for annotation in type(plugin).annotations]
    for name in answer.consumed:
        if name not in declared:
            listed = ", ".join(declared) or "none"
            return f"it consumed the annotation {name!r}, but the plugin declares {listed}"
    return ""


def are_all(kind: type[structs.Struct], answer: object) -> bool:
    """True for a tuple whose elements are all of that class."""
    return isinstance(answer, tuple) and all(isinstance(element, kind) for element in answer)


def _are_references(answer: object) -> bool:
    return isinstance(answer, tuple) and all(
        isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(part, str) for part in pair)
        for pair in answer
    )
