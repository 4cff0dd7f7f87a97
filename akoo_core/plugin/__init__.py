"""What a plugin author may import: the contract, its errors, threads, who uses a shared thing."""
