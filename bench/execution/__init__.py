"""Running a plan: planner, workshop, runner, results, and what a plan costs in time and memory."""
