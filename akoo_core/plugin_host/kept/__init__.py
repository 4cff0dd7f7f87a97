"""Secrets that plugins keep: values they open for the workload, and Secrets beside the operator."""
