"""Ownership of an object on Avi: marks, claims, verdicts and inventories."""
