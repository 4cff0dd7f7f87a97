"""The account of others that AKO had before: seen at the takeover, and removed only where that is
proven to be right. ``proof`` is pure; ``former`` reads and deletes."""
