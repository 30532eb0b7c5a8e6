"""What a failed call means to the person who runs it: one line that says what to do, without the key."""

from __future__ import annotations

import re

from writ_async.errors import ContextWindowError, EngineError, EngineErrorKind
from writ_engines.http import TransportError
from writ_engines.http.keys import carries_key
from writ_engines.openai.options import Endpoint

_TOO_LONG = re.compile(
    r"context.?(length|window|limit)|(maximum|allowed) (context|model|allowed) length|max_model_len|prompt is too long"
    r"|input tokens? (count )?(\([^)]*\) )?exceeds?|tokens? exceeds? the (configured|maximum) (limit|number)",
    re.IGNORECASE,
)
_NO_CREDIT_CODE = re.compile(
    r"insufficient_(user_)?(quota|balance|credits?|funds)|billing|arrear|credit", re.IGNORECASE
)
_NO_CREDIT = re.compile(
    r"insufficient.?(user.?)?(quota|balance|credit|fund)|(credit|balance)s? (is|are|was)? ?(too low|exhausted|used up)"
    r"|(no|not enough|out of) (more )?credits?\b|negative (credit )?balance|overdue",
    re.IGNORECASE,
)
_CREDIT_OR_LIMIT = re.compile(r"exceeded your current quota|billing", re.IGNORECASE)
_LIMIT_CODE = re.compile(r"rate.?limit|resource_exhausted|too_many|throttl|slow_down", re.IGNORECASE)
_LIMIT_WORDS = re.compile(
    r"\b(per|a|each) (second|minute|min|hour|day)|\b(rpm|tpm|rpd|tpd)\b|per.?(minute|day)", re.IGNORECASE
)
_REQUESTED = re.compile(r"\blimit:? (\d{1,12}),? (?:\w{1,12}:? \d{1,12},? ){0,2}requested:? (\d{1,12})", re.IGNORECASE)
_PROXY_KEY = 407
_CONTENT = re.compile(r"content.?(filter|management|policy)", re.IGNORECASE)


def explain(error: EngineError, endpoint: Endpoint, model: str) -> EngineError:
    """The same failure in words for a terminal, with the key taken out.

    A new error, that holds no other: what it was made from may hold the request's headers. It is a `TransportError`
    as long as another attempt may help. `kind` is `quota` where the account is empty, `content_filter` where the
    prompt was withheld, and else what `engines.http` says.
    """
    text = _plain(endpoint.scrub(str(error)))
    if isinstance(error, ContextWindowError):
        return ContextWindowError(text)
    if not isinstance(error, TransportError):
        return EngineError(text, kind=error.kind)
    status = error.status
    if status in (400, 413, 422) and _TOO_LONG.search(text):
        return ContextWindowError(text)
    if status == 402 or (status in (403, 429) and _is_out_of_credit(error, text)):
        return EngineError(f"the account at {endpoint.url} has no credit left: {text}", kind=EngineErrorKind.QUOTA)
    if status == 429 and _can_never_pass(text):
        return EngineError(f"one call is more than the limit of {endpoint.url}: {text}", kind=EngineErrorKind.QUOTA)
    if status in (400, 403) and _CONTENT.search(text):
        return EngineError(
            f"the server's content filter withheld the answer: {text}", kind=EngineErrorKind.CONTENT_FILTER
        )
    if status == _PROXY_KEY:
        text = f"the proxy before {endpoint.url} wants a user and a password in its address: {text}"
    elif error.kind is EngineErrorKind.UNAUTHORIZED:
        text = f"{endpoint.url} refused the key; {_where_to_look(endpoint)}: {text}"
    elif error.kind is EngineErrorKind.NOT_FOUND:
        text = f"{endpoint.url} knows no model {model!r}, or is not the right address: {text}"
    return TransportError(text, kind=error.kind, status=status, retry_after=error.retry_after, code=error.code)


def _where_to_look(endpoint: Endpoint) -> str:
    if carries_key(endpoint.more_headers, endpoint.key_header):
        return "look at the one in headers"
    return f"look at the key in {endpoint.key_env}" if endpoint.key else f"put the key into {endpoint.key_env}"


def _is_out_of_credit(error: TransportError, text: str) -> bool:
    """Whether a refusal is for want of money, which no waiting brings.

    Servers say "quota" of both. Their code tells, where it does, and that they say how long to wait; then the words.
    """
    if _NO_CREDIT_CODE.search(error.code):
        return True
    if error.retry_after or _LIMIT_CODE.search(error.code):
        return False
    if _NO_CREDIT.search(text):
        return True
    return bool(_CREDIT_OR_LIMIT.search(text)) and not _LIMIT_WORDS.search(text)


def _can_never_pass(text: str) -> bool:
    """Whether a call asks for more than a limit ever has, so that no waiting helps."""
    match = _REQUESTED.search(text)
    return match is not None and int(match[2]) > int(match[1])


def _plain(text: str) -> str:
    """The text as a terminal and a file can take it, whatever a server wrote."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
