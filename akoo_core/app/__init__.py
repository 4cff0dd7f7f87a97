"""Composition: what one process runs, in which order it starts, in which order it stops."""
