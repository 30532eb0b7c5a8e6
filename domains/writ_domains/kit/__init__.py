"""What several domains share: two tools, people for generated worlds, and helpers for phrasing."""
