"""The vocabulary: messages, states, tasks, goals, domains, engines, trajectories, behaviours.

Types and pure functions over them. No I/O, no scheduling, no engine's or domain's words.
"""
