"""How a user tells a request: every value of every axis, drawn, said to a model, and recognised again.

Never what is told: facts, goals and ids are the task's. A new value is one `Value` in `values/`; what the scripted user
does to show it is one `Play` in that engine's `user_plays`.
"""
