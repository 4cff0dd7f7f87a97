"""Builds of the binaries of the test bed, and the place where they are kept."""
