"""Numbers of a report: cells, summaries, statistics, and published facts beside them."""
