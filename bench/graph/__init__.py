"""The open graph: requests, the walk that addresses them, and plans.

No kind of artifact is named here: each stands beside its maker, in `bench.stages` or in a plugin.
"""
