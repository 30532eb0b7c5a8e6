"""The state machine of one simulation: messages in, the next request out; tools run inline. Does no I/O."""

from writ_async.conversation.machine import Conversation
from writ_async.conversation.prompts import agent_system_prompt, user_system_prompt
from writ_async.conversation.rules import Rules

__all__ = ["Conversation", "Rules", "agent_system_prompt", "user_system_prompt"]
