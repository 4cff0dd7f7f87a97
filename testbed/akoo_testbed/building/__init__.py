"""What builds the binaries of the test bed, and where they are kept."""
