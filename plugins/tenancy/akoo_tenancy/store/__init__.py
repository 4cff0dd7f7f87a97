"""The store: the place of the journal, in Vault, OpenBao, or a Secret of the operator's namespace.

``api`` is the contract, with the errors in ``errors``. Callers take a :class:`api.Store` and know
neither Vault nor Kubernetes.
"""
