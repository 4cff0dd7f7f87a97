"""Clusters whose AKO somebody else deployed: observed, and perhaps adopted."""
