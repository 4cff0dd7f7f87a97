"""Stories of the switch from the Go ancestor, and back: AKO notices neither."""
