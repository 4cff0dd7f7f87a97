"""The values of AKO's Helm chart: their paths, values of a config, and values of a Cluster."""
