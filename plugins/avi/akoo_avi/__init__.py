"""The Avi plugin of akoo-core."""
