"""Kinds of artifacts beside the pure functions that make them, and what these share."""
