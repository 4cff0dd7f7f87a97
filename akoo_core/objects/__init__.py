"""The resources of akoo-core as typed values: what is in them, not what is done with them."""
