"""Adapters to trainers, each a module of its own that imports its trainer; docs/trainers.md has a program for each.

What they do is in `writ_async.rl`; here stand only the names and the shapes of each trainer's newest release.
"""
