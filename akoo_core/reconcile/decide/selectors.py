"""Label selectors, as Kubernetes matches them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from akoo_core.objects.config import LabelRequirement, LabelSelector

_NAME = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$")
_PREFIX = re.compile(r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$")


def problem(selector: LabelSelector) -> str:
    """The mistake that makes the selector unusable, or "". An unusable selector matches nothing."""
    for key, value in selector.match_labels.items():
        error = _key_problem(key) or _value_problem(value)
        if error:
            return f"matchLabels: {error}"
    for expression in selector.match_expressions:
        error = _expression_problem(expression)
        if error:
            return f"matchExpressions: {error}"
    return ""


def matches(selector: LabelSelector, labels: Mapping[str, str]) -> bool:
    """True if the labels satisfy all of the selector. An empty one matches; an unusable one never.

    Source of the rules: metav1.LabelSelectorAsSelector. NotIn and DoesNotExist match absent keys.
    """
    if problem(selector):
        return False
    if any(labels.get(key) != value for key, value in selector.match_labels.items()):
        return False
    return all(
        _OPERATORS[expression.operator](expression, labels)
        for expression in selector.match_expressions
    )


_OPERATORS: dict[str, Callable[[LabelRequirement, Mapping[str, str]], bool]] = {
    "In": lambda requirement, labels: labels.get(requirement.key) in requirement.values,
    "NotIn": lambda requirement, labels: labels.get(requirement.key) not in requirement.values,
    "Exists": lambda requirement, labels: requirement.key in labels,
    "DoesNotExist": lambda requirement, labels: requirement.key not in labels,
}


def _expression_problem(requirement: LabelRequirement) -> str:
    if requirement.operator not in _OPERATORS:
        return f"operator {requirement.operator!r} is none of {', '.join(_OPERATORS)}"
    takes_values = requirement.operator in ("In", "NotIn")
    if takes_values and not requirement.values:
        return f"{requirement.operator} on {requirement.key!r} needs values"
    if not takes_values and requirement.values:
        return f"{requirement.operator} on {requirement.key!r} takes no values"
    problems = (
        _key_problem(requirement.key),
        *(_value_problem(value) for value in requirement.values),
    )
    return next(filter(None, problems), "")


def _key_problem(key: str) -> str:
    prefix, slash, name = key.rpartition("/")
    if len(key) > 253 + 1 + 63:
        return f"{key[:60]!r}... is not a label key"
    if slash and (len(prefix) > 253 or not _PREFIX.match(prefix)):
        return f"{key!r} is not a label key"
    return "" if _NAME.match(name) else f"{key!r} is not a label key"


def _value_problem(value: str) -> str:
    return "" if not value or _NAME.match(value) else f"{value[:64]!r} is not a label value"
