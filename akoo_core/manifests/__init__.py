"""The objects that a management cluster needs to run the operator.

``crds/``, ``policies/`` and ``operator/`` hold manifests, as they are in the wheel. A plugin brings
its own in a folder of its package (``Plugin.manifests``). ``akoo-core manifests`` prints all of
them; ``deploy/`` is made of the same.
"""
