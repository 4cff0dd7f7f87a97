"""VSpherePortGroups that are made for configs and their clusters."""
