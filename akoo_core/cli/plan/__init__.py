"""`akoo-core plan`: what prepare or sweep would do."""
