"""The host of the plugins: finds, checks, orders and calls them."""
