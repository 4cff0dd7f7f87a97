"""For tests of tenancy: a store in memory, for virtual time. Nothing that the operator runs imports
it."""
