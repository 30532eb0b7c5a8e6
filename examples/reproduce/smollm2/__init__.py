"""A real small model before and after it has imitated kept rows, on a CPU (README.md beside this file)."""
