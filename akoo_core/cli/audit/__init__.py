"""`akoo-core audit`: what is left outside without a living owner."""
