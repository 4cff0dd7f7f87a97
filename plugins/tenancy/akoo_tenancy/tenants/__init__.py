"""AviTenants: tenants on Avi Controllers.

``marks``, ``contents`` and ``plan`` decide and call nothing; ``applying`` and ``leave`` act.
"""
