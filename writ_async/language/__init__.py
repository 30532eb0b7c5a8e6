"""Everyday language: what a sentence does in a conversation, read off signs that are data."""
