"""Composition: the parts of a process, and the order of their start and stop."""
