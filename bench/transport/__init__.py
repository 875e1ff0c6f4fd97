"""Optimal transport between one class of features and its barycenter: pure numpy, float64."""
