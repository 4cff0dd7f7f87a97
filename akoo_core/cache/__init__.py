"""Caches of the API server: a reflector fills a store and reports each change."""
