"""The way to an Avi Controller: address, account, backoff and bounds."""
