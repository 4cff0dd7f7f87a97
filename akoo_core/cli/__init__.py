"""The command line: `akoo-core` runs the operator, its commands do the rest."""
