"""Verifiers: a benchmark's reward on a finished conversation, judges of free text, and pass^k over many trials."""
