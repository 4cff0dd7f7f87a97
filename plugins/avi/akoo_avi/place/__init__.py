"""The place of a cluster on Avi: tenant, cloud, SE group and networks."""
