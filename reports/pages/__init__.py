"""Pages: which tables, figures and warnings a report holds, in order."""
