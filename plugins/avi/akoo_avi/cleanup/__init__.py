"""What is taken away from Avi, and the proof that nothing is left."""
