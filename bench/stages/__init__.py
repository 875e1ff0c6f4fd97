"""Kinds of artifacts beside the pure functions that make them: squeeze, observe, barycenter, recover,
relabel, evaluate, and what they share.
"""
