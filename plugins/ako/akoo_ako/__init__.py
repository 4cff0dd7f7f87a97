"""The AKO plugin of akoo-core."""
