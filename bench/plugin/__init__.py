"""What plugin authors see beside artifacts: contracts, recipes, search spaces, registration, discovery."""
