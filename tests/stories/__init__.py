"""The stories of a cluster's end, played on real components with neighbours on the same Avi."""
