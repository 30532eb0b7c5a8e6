"""What domains share, and a new one is written on: people, two tools, goals, gold calls and recipes, phrasing.

Nothing in here knows a shop or an airline. `domains/README.md` shows a whole domain with it.
"""
