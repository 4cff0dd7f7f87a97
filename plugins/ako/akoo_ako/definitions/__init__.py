"""Schemas of the kinds that AKO reads, one module per subject.

They hold every field, default, required field and bound that AKO's own definitions have: its code
relies on them and dereferences what they fill in. Source: helm/ako/crds on AKO's release branches.
"""
