"""Everything AKO needs in a workload cluster, as manifests; pure."""

from __future__ import annotations

from akoo_ako import names
from akoo_ako.desired import Desired
from akoo_ako.helm import objects as of_chart
from akoo_ako.rendering import crds, rbac, statefulset, values
from akoo_core.plugin import structs


def render(desired: Desired) -> tuple[structs.JSON, ...]:
    """The objects. What a cluster has once belongs to its primary AKO and is left to that. Raises
    Refusal for a chart that is not rendered yet, or that has something else than AKO."""
    if desired.options.chart is not None:
        return of_chart.render(desired)
    data = values.render(desired)
    return (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": names.NAMESPACE}},
        *(crds.render(desired.release) if desired.primary and not desired.release.external else ()),
        *rbac.render(desired),
        _config_map(data),
        statefulset.render(desired, values.digest(data, replicas=desired.replicas)),
        *(_classes(desired) if desired.primary else ()),
    )


def definitions(desired: Desired) -> tuple[str, ...]:
    """Names of the definitions that others have to put into the cluster."""
    if desired.options.chart is not None and of_chart.brings_definitions(desired):
        return ()
    return crds.NEEDED if desired.primary and desired.release.external else ()


def stateful_set(desired: Desired) -> structs.JSON:
    """The StatefulSet among the objects. Raises Refusal, as ``render`` does."""
    if desired.options.chart is None:
        data = values.render(desired)
        return statefulset.render(desired, values.digest(data, replicas=desired.replicas))
    (rendered,) = (obj for obj in render(desired) if obj["kind"] == "StatefulSet")
    return rendered


def _config_map(data: dict[str, str]) -> structs.JSON:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": names.CONFIG_MAP, "namespace": names.NAMESPACE},
        "data": data,
    }


def _classes(desired: Desired) -> list[structs.JSON]:
    classes: list[structs.JSON] = []
    ingress = desired.extra.ingress
    if not ingress.disable_ingress_class:
        default = {"ingressclass.kubernetes.io/is-default-class": "true"}
        classes.append(
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "IngressClass",
                "metadata": {
                    "name": names.CLASS,
                    **({"annotations": default} if ingress.default_ingress_controller else {}),
                },
                "spec": {"controller": names.CONTROLLER},
            }
        )
    if desired.gateway_api:
        classes.append(
            {
                "apiVersion": "gateway.networking.k8s.io/v1",
                "kind": "GatewayClass",
                "metadata": {"name": names.CLASS},
                "spec": {"controllerName": names.CONTROLLER},
            }
        )
    return classes
