"""Accounts of AKOs: an operator with all plugins, on an Avi Controller and a Vault in memory."""
