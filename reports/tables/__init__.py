"""Tables: columns and entries, made of summaries."""
