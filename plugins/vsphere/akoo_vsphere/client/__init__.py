"""The client of a vCenter: the protocol, its errors, and pyvmomi behind them.

``sessions.SharedVCenters`` is the registry that a process has. ``answers`` is the pure part.
"""
