"""Whose an object on Avi is: marks, claims and everything that was found."""
