"""Objects of the controller as they are stored, and the rules of what is stored."""
