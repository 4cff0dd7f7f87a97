"""Addresses and credentials of API servers: kubeconfigs, accounts, certificates."""
