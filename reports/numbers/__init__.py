"""Numbers of a report: cells, summaries, statistics, published facts and what they can be compared to."""
