"""Decide what is done about a record: values in, one decision out. Pure."""
