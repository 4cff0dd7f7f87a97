"""AKO from an archive of its Helm chart: read, rendered by helm, checked, and made ours."""
