"""What the commands do, and what a library user calls: each pipeline wires the parts below it."""
