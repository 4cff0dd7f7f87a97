"""Who may do what: accounts, logins, permissions, licences."""
