"""Answers of vCenter to values and errors, and the specs of reads. Pure."""
