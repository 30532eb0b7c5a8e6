"""A second reading of generated tasks: request and world in, right writes out, without a look at how tasks are made.

Nothing in here imports a domain's recipes, goals or phrases, nor reads a task's goals. `words` is what both domains
share; each domain has a reader (sentences to wishes) and an answerer (wishes to writes, by brute force over the
world as plain data); `compare` holds a task's gold against what came out.
"""
