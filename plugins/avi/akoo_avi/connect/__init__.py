"""The way to an Avi Controller: which one, with what account, how often, how many at once."""
