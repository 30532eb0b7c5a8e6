"""Recorded vectors of τ²-bench: their records, and how ours are held against them."""
