"""The machine behind the plugins: finds, checks, orders and calls them."""
