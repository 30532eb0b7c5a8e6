"""The values of all axes, a file for each group; every value is declared here once, and nowhere else."""
