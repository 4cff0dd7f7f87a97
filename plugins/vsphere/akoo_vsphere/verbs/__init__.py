"""The verbs: a cluster uses the port group that its config names. None of them calls vCenter."""
