"""`make compat`: a short life of a cluster on other releases of Kubernetes and Cluster API.

Each run of a row appends a line to `results.jsonl`, from which docs/reference/compatibility.md is
made.
"""
