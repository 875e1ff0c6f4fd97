"""Networks: architectures and their first layers, taps on what happens inside, and moments."""
