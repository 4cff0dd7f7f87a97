"""Where a cluster goes on Avi: tenant, cloud, SE group and networks."""
