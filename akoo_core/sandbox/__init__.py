"""The sandbox: a real bed, the operator as a process of its own, and the story of a cluster."""
