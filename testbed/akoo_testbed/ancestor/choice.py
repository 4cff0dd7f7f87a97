"""The config that serves a Cluster, by the ancestor's own rules. Pure."""

import collections.abc

from akoo_testbed.ancestor import objects
from akoo_testbed.ancestor.objects import Object


def choose(cluster: Object, configs: collections.abc.Sequence[Object]) -> Object | None:
    """A custom config before the default one; the one of the label keeps its Cluster."""
    namespace = cluster["metadata"]["namespace"]
    if namespace == objects.MANAGEMENT_NAMESPACE:
        return _named(objects.MANAGEMENT_CONFIG, configs)
    labels = cluster["metadata"].get("labels") or {}
    custom = [
        config
        for config in configs
        if (selector := selector_of(config)) and _matches(selector, labels)
    ]
    for config in custom:
        if config["metadata"]["name"] == labels.get(objects.LABEL):
            return config
    default = _named(objects.DEFAULT_CONFIG, configs)
    if custom:
        return custom[0]
    return default if default is not None and not selector_of(default) else None


def selector_of(config: Object) -> dict[str, str]:
    """The labels that it selects by."""
    selector = (config.get("spec") or {}).get("clusterSelector") or {}
    return dict(selector.get("matchLabels") or {})


def _matches(selector: dict[str, str], labels: dict[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in selector.items())


def _named(name: str, configs: collections.abc.Sequence[Object]) -> Object | None:
    return next((each for each in configs if each["metadata"]["name"] == name), None)
