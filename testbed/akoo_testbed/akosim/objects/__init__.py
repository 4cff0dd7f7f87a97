"""From what is in the cluster to the objects that AKO wants on Avi; pure."""
