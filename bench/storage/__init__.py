"""The store: artifacts by address, manifests, locks, remote places, garbage collection."""
