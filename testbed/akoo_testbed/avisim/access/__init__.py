"""Accounts, logins, permissions and licences."""
