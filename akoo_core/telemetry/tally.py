"""Counters and histograms for the hottest paths: one thread, no locks, a list and an addition.

prometheus_client guards each number by a lock of its own and finds a bucket by trying one after the
other; with ten numbers for each reconcile that was a third of a reconcile that does nothing. These
are read by the same registry and look the same on /metrics, but for the ``_created`` series.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence

from prometheus_client import core, registry


class Count:
    """One number that grows. To be used from one thread."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def inc(self, amount: float = 1.0) -> None:
        self.value += amount


class Spread:
    """Counts of observations by bucket. Used from one thread."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, amount: float) -> None:
        """Count ``amount``: in the first bucket whose bound is not below it."""
        self._counts[bisect.bisect_left(self._bounds, amount)] += 1
        self._sum += amount

    @property
    def sum(self) -> float:
        """Of all that was observed."""
        return self._sum

    def buckets(self) -> Iterator[tuple[str, float]]:
        """(bound as text, observations up to it), the last without a bound."""
        total = 0
        names = [str(float(bound)) for bound in self._bounds]
        for name, count in zip([*names, "+Inf"], self._counts, strict=True):
            total += count
            yield name, float(total)


class Counter(registry.Collector):
    """A family of Counts by their labels."""

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Sequence[str],
        *,
        registry: registry.CollectorRegistry,
    ) -> None:
        self._about = (name, documentation)
        self.names = tuple(labels)
        self._children: dict[tuple[str, ...], Count] = {}
        registry.register(self)

    def labels(self, *values: str) -> Count:
        """The Count with these values of the labels, in their order; made where there is none."""
        _check(self.names, values)
        return self._children.setdefault(values, Count())

    def describe(self) -> list[core.Metric]:
        return [self._family()]

    def collect(self) -> Iterator[core.Metric]:
        family = self._family()
        for values, child in tuple(self._children.items()):
            family.add_metric(values, child.value)
        yield family

    def _family(self) -> core.CounterMetricFamily:
        return core.CounterMetricFamily(*self._about, labels=self.names)


class Histogram(registry.Collector):
    """A family of Spreads by their labels."""

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Sequence[str],
        *,
        buckets: Sequence[float],
        registry: registry.CollectorRegistry,
    ) -> None:
        self._about = (name, documentation)
        self.names = tuple(labels)
        self._bounds = tuple(buckets)
        self._children: dict[tuple[str, ...], Spread] = {}
        registry.register(self)

    def labels(self, *values: str) -> Spread:
        """The Spread with these values of the labels, in their order; made where there is none."""
        _check(self.names, values)
        return self._children.setdefault(values, Spread(self._bounds))

    def describe(self) -> list[core.Metric]:
        return [self._family()]

    def collect(self) -> Iterator[core.Metric]:
        family = self._family()
        for values, child in tuple(self._children.items()):
            family.add_metric(values, list(child.buckets()), child.sum)
        yield family

    def _family(self) -> core.HistogramMetricFamily:
        return core.HistogramMetricFamily(*self._about, labels=self.names)


def _check(names: Sequence[str], values: Sequence[str]) -> None:
    if len(values) != len(names):
        raise ValueError(f"{len(values)} values for the labels {', '.join(names)}")
