"""Figures as vector graphics, drawn from the numbers of a report."""
