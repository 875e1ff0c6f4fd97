"""Searches with Optuna: trials are cells on held-out data, asked for and told by any worker."""
