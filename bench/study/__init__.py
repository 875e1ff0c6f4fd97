"""Declared grids and searches: studies, named recipes, overrides, and the catalogue of both.

Expanding a study touches no data and imports nothing heavy.
"""
