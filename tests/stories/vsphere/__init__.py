"""Stories of the network under the load balancer, each with vCenters of its own."""
