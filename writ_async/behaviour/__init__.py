"""How a user tells a request: every value of every axis, drawn, said to a model, and recognised again.

Never what is told: facts, goals and ids are the task's.
"""
