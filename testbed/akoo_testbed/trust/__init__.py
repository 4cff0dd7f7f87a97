"""Certificates, keys and chains of one test bed."""
