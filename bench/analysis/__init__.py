"""What artifacts say about each other: numbers and pictures beside the scores."""
