"""AKO as it runs in a workload cluster: read, and judged.

:mod:`workload` reads AKO's objects. :mod:`observe` and :mod:`observing` are the verb, for an AKO of
ours and for one that somebody else deployed. :mod:`pods`, :mod:`starts` and :mod:`pushes` judge its
Pods, and :mod:`others` finds other writers.
"""
