"""One request from its checks to its answer: reading, writing, and the record of it."""
