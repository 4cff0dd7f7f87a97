"""Plugins: what they implement (api), how they are found (loader), ordered and called (caller)."""
