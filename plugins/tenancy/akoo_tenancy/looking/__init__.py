"""The commands of people: check, audit and the removal of strays, and plan. They read objects, the
store and controllers; only the removal writes."""
