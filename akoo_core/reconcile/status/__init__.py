"""From findings to conditions, Events and columns."""
