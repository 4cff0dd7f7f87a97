"""Stories of accounts: a real OpenBao keeps them, and AKO logs in with them."""
