"""From findings to what people read: conditions, Events and columns."""
