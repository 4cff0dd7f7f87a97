"""Objects that clusters share, their holds, and bounds; the way to Avi is in ``client.access``."""
