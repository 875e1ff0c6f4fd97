"""Observers of runs: the console and MLflow. Nothing above imports MLflow but this folder."""
