"""The wishes of configs and settings, and the names of things outside. Pure."""
