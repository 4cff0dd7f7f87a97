"""The removal of a cluster's objects from Avi, and the proof that nothing is left."""
