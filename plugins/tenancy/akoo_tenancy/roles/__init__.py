"""Roles of an AKO on the Avi Controller: what it needs, and no more. Pure."""
