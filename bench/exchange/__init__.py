"""Synthetic sets and results in the layouts of others: recognised, checked, exported, merged."""
