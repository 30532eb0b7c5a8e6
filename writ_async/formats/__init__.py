"""What others read and write: rows for trainers, data set cards, and trajectories that others made."""
