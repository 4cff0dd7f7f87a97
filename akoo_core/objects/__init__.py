"""The resources of akoo-core as typed values, without behaviour."""
