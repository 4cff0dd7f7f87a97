"""The client of a vCenter: the protocol, its errors, and pyvmomi behind them."""
