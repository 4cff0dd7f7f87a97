"""Tenancy: an Avi account of its own for every cluster, with a password from Vault."""
