"""`akoo-core uninstall`: before the operator and its CRDs go."""
