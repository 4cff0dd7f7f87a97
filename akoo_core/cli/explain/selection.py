"""Explains why an AKODeploymentConfig serves a Cluster, or does not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from akoo_core.objects import names
from akoo_core.objects.cluster import Cluster
from akoo_core.objects.config import Config, LabelSelector
from akoo_core.reconcile.decide import selection, selectors


def managed(cluster: Cluster, config: Config, losers: tuple[selection.Loser, ...]) -> Iterator[str]:
    """The chosen config, and those that lost."""
    chosen = f'AKODeploymentConfig "{config.name}" (priority {config.priority})'
    yield f"{cluster.key} is managed by {chosen}."
    for loser in losers:
        yield f'  "{loser.name}" matches too and lost: {loser.why}.'


def unmanaged(
    cluster: Cluster,
    why: str,
    configs: Iterable[Config],
    unreadable: Iterable[selection.Unreadable],
) -> Iterator[str]:
    """The reasons why no config was chosen, one line for each config."""
    yield f"{cluster.key} is selected by no AKODeploymentConfig: {why}."
    if names.OPT_OUT_ANNOTATION in cluster.annotations:
        yield f"  next: to have it selected, remove that annotation from Cluster {cluster.key}."
        return
    for config in sorted(configs, key=lambda config: config.name):
        yield f'  "{config.name}": {why_not(config, cluster)}.'
    for broken in unreadable:
        yield f'  "{broken.name}": cannot be used: {broken.problem}.'
    labels = ", ".join(f"{key}={value}" for key, value in sorted(cluster.labels.items()))
    yield f"  labels of the Cluster: {labels or 'none'}"
    yield "  next: label the Cluster, or create or change an AKODeploymentConfig."


def why_not(config: Config, cluster: Cluster) -> str:
    """The reason why the config does not match, or may not."""
    if config.deleting:
        return "it is being deleted"
    if problem := selection.problem(config):
        return f"cannot be used: {problem}"
    if cluster.is_management and config.name != names.INSTALL_FOR_MANAGEMENT:
        wanted = names.INSTALL_FOR_MANAGEMENT
        return f'Clusters in {names.MANAGEMENT_NAMESPACE} are served only by "{wanted}"'
    if config.selector.empty:
        if config.name == names.INSTALL_FOR_MANAGEMENT:
            return f"it serves Clusters in {names.MANAGEMENT_NAMESPACE} only"
        return f'its selector is empty, which matches only under the name "{names.INSTALL_FOR_ALL}"'
    return f"it asks for {' and '.join(_unmet(config.selector, cluster)) or 'nothing more'}"


def _unmet(selector: LabelSelector, cluster: Cluster) -> Iterator[str]:
    for key, value in sorted(selector.match_labels.items()):
        if cluster.labels.get(key) != value:
            yield f"{key}={value} (the Cluster has {_has(cluster, key)})"
    for rule in selector.match_expressions:
        if not selectors.matches(LabelSelector(match_expressions=(rule,)), cluster.labels):
            values = f" ({', '.join(rule.values)})" if rule.values else ""
            yield f"{rule.key} {rule.operator}{values} (the Cluster has {_has(cluster, rule.key)})"


def _has(cluster: Cluster, key: str) -> str:
    return f"{key}={cluster.labels[key]}" if key in cluster.labels else f"no {key}"
