"""Processes and ports of one test bed, none of which outlives it."""
