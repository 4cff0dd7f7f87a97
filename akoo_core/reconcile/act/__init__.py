"""Act on decisions. Only this room writes and calls plugins."""
