"""The way to a vCenter: Secrets, refused logins, and results for errors."""
