"""From a change in a cache to the keys it concerns, with its cause. Pure; see ``events``."""
