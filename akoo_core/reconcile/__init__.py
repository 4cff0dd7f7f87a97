"""What is done about each record: decided purely, acted on thinly.

Read in this order: ``selection`` (which config serves a Cluster), ``situation`` and ``decide`` (the
record's state machine as pure functions), ``leaving`` (its second half), ``controller`` (gathers a
situation, acts on the decision), ``live`` and ``leave`` (what acting means), ``deploy`` (the
objects in the workload cluster), ``conditions`` (what people read).
"""
