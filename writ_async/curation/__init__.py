"""Which rows are trained on: filters, near-duplicates, contamination, diversity, selection."""
