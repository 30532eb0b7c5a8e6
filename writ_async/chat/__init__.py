"""From messages to token ids and back: chat templates, tool-call formats, token-exact sessions.

    chat = open_chat_format("models/Qwen3-4B-Instruct-2507")
    print(*chat.notices, sep="\\n")
    session = chat.session(request.tools)
    tail = session.prompt(request.messages)
    parsed = session.receive(output_ids)

Importing this package is light. Opening a model folder needs the extra `tokens` (tokenizers and jinja2).
"""

from writ_async.chat.audit import Audit, audit
from writ_async.chat.errors import HistoryChangedError, TemplateRefusedError, TokenRangeError
from writ_async.chat.family import Family, render
from writ_async.chat.format import FAMILIES, ChatFormat, FamilyFormat, TemplateFormat
from writ_async.chat.parsed import Defect, Parsed
from writ_async.chat.rendered_parts import Parts
from writ_async.chat.session import Session, Span, Tail
from writ_async.chat.template import Template, load_template
from writ_async.chat.template_probe import open_chat_format
from writ_async.chat.tokenizer import Tokenizer, load_tokenizer

__all__ = [
    "FAMILIES",
    "Audit",
    "ChatFormat",
    "Defect",
    "Family",
    "FamilyFormat",
    "HistoryChangedError",
    "Parsed",
    "Parts",
    "Session",
    "Span",
    "Tail",
    "Template",
    "TemplateFormat",
    "TemplateRefusedError",
    "TokenRangeError",
    "Tokenizer",
    "audit",
    "load_template",
    "load_tokenizer",
    "open_chat_format",
    "render",
]
