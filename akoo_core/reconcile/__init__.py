"""What is done about each record: decided purely, acted on thinly.

``record_controller``  one attempt: read, decide, act, write the status.
``config_controller``  the status of each AKODeploymentConfig.
``decide``             values in, one decision out: begin with ``state_machine``. Pure.
``act``                one function for each decision; writes and calls plugins, nobody else does.
``deploy``             everything that goes into a workload cluster.
``read``               what is asked of caches and API servers; writes nothing.
``status``             from findings to conditions, Events and columns.

``decide/X`` says what to do and ``act/X`` does it. Imports point down: the controllers, ``act``,
``deploy``, ``read``, ``status``, ``decide``.
"""
