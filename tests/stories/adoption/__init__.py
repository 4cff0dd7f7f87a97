"""Stories of an AKO that somebody else deployed: adopted, given back, and deleted with its
Cluster."""
