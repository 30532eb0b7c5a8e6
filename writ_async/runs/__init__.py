"""One run: its folder on disk, its worlds and seats, and how its conversations are played into it."""
