"""From a change in a cache to the keys it concerns, with what caused it. Pure; see ``events``."""
