"""The state of the clusters' virtual services."""
