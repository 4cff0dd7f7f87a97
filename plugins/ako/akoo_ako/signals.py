"""The alerts of this plugin (``Plugin.signals``). It has no metrics of its own."""

from __future__ import annotations

from akoo_core.plugin.signals import Alert, Signals

SIGNALS = Signals(
    alerts=(
        Alert(
            name="AkooAkoCrashing",
            severity="warning",
            wait="10m",
            reasons=(
                "AkoContainerNotCreated",
                "AkoCrashing",
                "AkoImageNotPulled",
                "AkoStartHangs",
                "AkoUnschedulable",
            ),
            summary="AKO does not run in some clusters: {{ $labels.reason }}.",
            means=(
                "AKO's Pod crashes, cannot be started, or does not say that it works. Virtual "
                "services stay as they are, and changes of Ingresses, Gateways and Services do not "
                "reach them."
            ),
            run=(
                "akoo-core explain NAMESPACE/NAME\n"
                "kubectl --kubeconfig CLUSTER -n avi-system get pods\n"
                "kubectl --kubeconfig CLUSTER -n avi-system logs ako-0 --previous --tail=50\n"
            ),
            harmless="The cluster has no Node yet, or its registry is being repaired.",
        ),
    ),
)
