"""Core: what everything stands on: errors, events, seeds, addresses, hashes of code."""

__version__ = "0.1.0"
