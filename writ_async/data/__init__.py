"""What stays on disk: reading files, the durable run folder, summaries, and exports for trainers."""
