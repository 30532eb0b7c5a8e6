"""Async event-driven synthesis and simulation of user-facing tool-agent conversations."""
