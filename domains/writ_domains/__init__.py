"""Domains that ship with writ_async; each registers itself as an entry point."""
