"""The frozen values that stages take and return, and what a loss is shown of them.

All images are NCHW. Nothing here computes, reads files of its own accord, or knows how it is made.
"""
