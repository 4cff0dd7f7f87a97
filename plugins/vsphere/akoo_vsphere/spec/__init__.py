"""VSphereConnections and VSpherePortGroups as values, and the refusals that need no vCenter."""
