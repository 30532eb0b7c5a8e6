"""The phone in the user's hand: its records, its switches, and what it gets out of them."""
