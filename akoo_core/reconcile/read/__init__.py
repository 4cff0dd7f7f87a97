"""Read caches and API servers. Write nothing."""
