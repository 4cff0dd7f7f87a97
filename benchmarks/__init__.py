"""Figures of akoo-core on this machine: ``python -m benchmarks``, or ``make bench``."""
