"""The background process of `akoo-testbed up`, and the files that it leaves."""
