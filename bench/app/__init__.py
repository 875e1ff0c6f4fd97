"""What commands do, and the Python API (`api.py`): run, plan, sweep, report, check, import, serve.

No click options stand here, and no mathematics.
"""
