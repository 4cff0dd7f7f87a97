"""Why an AKODeploymentConfig does, or does not, serve a Cluster, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from akoo_core.objects import cluster, config, names
from akoo_core.reconcile.decide import selection, selectors


def managed(
    target: cluster.Cluster, one: config.Config, losers: tuple[selection.Loser, ...]
) -> Iterator[str]:
    """Which config was chosen and which lost."""
    yield f'{target.key} is managed by AKODeploymentConfig "{one.name}" (priority {one.priority}).'
    for loser in losers:
        yield f'  "{loser.name}" matches too and lost: {loser.why}.'


def unmanaged(
    target: cluster.Cluster,
    why: str,
    configs: Iterable[config.Config],
    unreadable: Iterable[selection.Unreadable],
) -> Iterator[str]:
    """Why no config was chosen, one line for each that could have been."""
    yield f"{target.key} is selected by no AKODeploymentConfig: {why}."
    if names.OPT_OUT_ANNOTATION in target.annotations:
        yield f"  next: to have it selected, remove that annotation from Cluster {target.key}."
        return
    for one in sorted(configs, key=lambda one: one.name):
        yield f'  "{one.name}": {why_not(one, target)}.'
    for broken in unreadable:
        yield f'  "{broken.name}": cannot be used: {broken.problem}.'
    said = ", ".join(f"{key}={value}" for key, value in sorted(target.labels.items()))
    yield f"  labels of the Cluster: {said or 'none'}"
    yield "  next: label the Cluster, or create or change an AKODeploymentConfig."


def why_not(one: config.Config, target: cluster.Cluster) -> str:
    """What keeps ``one`` from matching; for a config that does not match or may not."""
    if one.deleting:
        return "it is being deleted"
    if found := selection.problem(one):
        return f"cannot be used: {found}"
    if target.is_management and one.name != names.INSTALL_FOR_MANAGEMENT:
        wanted = names.INSTALL_FOR_MANAGEMENT
        return f'Clusters in {names.MANAGEMENT_NAMESPACE} are served only by "{wanted}"'
    if one.selector.empty:
        if one.name == names.INSTALL_FOR_MANAGEMENT:
            return f"it serves Clusters in {names.MANAGEMENT_NAMESPACE} only"
        return f'its selector is empty, which matches only under the name "{names.INSTALL_FOR_ALL}"'
    return f"it asks for {' and '.join(_unmet(one.selector, target)) or 'nothing more'}"


def _unmet(selector: config.LabelSelector, target: cluster.Cluster) -> Iterator[str]:
    for key, value in sorted(selector.match_labels.items()):
        if target.labels.get(key) != value:
            yield f"{key}={value} (the Cluster has {_has(target, key)})"
    for rule in selector.match_expressions:
        if not selectors.matches(config.LabelSelector(match_expressions=(rule,)), target.labels):
            values = f" ({', '.join(rule.values)})" if rule.values else ""
            yield f"{rule.key} {rule.operator}{values} (the Cluster has {_has(target, rule.key)})"


def _has(target: cluster.Cluster, key: str) -> str:
    return f"{key}={target.labels[key]}" if key in target.labels else f"no {key}"
