"""Whether the virtual services of clusters run."""
