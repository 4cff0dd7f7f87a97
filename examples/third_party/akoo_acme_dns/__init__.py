"""Domains for workload clusters: a plugin of akoo-core by somebody else."""
