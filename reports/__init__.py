"""Reports: pure functions from a tidy frame of cells to tables, figures and one HTML page."""
