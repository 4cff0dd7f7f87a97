"""AKO's objects in a workload cluster, rendered from a Desired; pure.

:mod:`objects` puts them together. :mod:`values` is the ConfigMap, by the rows of :mod:`mapping` and
the :mod:`networks` in AKO's JSON. :mod:`statefulset` runs AKO, and :mod:`environment` is the one of
its containers. :mod:`rbac` are AKO's rights, and :mod:`crds` the kinds that it needs at its start.
"""
