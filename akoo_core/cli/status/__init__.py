"""`akoo-core status`: the fleet as a table."""
