"""What domains share, and a new one is written on: people, tables, two tools, goals, gold calls and recipes, phrasing.

Nothing in here knows a shop or an airline. `examples/domain` is a whole domain with it.
"""
