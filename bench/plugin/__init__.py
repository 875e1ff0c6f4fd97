"""What plugin authors see: contracts, recipes, search spaces, registration and discovery."""
