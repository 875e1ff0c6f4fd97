"""Engines that start workers elsewhere: each turns a job into the files that its system takes."""
