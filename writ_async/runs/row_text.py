"""The line of a row: the trajectory as JSON, with token ids whose text is known already put in as they are."""

from __future__ import annotations

import msgspec

from writ_async.core.trajectory import TokenSequence, Trajectory

_sorted = msgspec.json.Encoder(order="deterministic")


class _SequenceWithText(TokenSequence, frozen=True, omit_defaults=True):
    """A sequence whose ids are text already; its fields stand where those of the other do."""

    ids: msgspec.Raw  # type: ignore[assignment]


class _RowWithText(Trajectory, kw_only=True, omit_defaults=True):
    """A row whose sequences are text already."""

    tokens: msgspec.Raw = msgspec.Raw()  # type: ignore[assignment]


_FIELDS = tuple(name for name in Trajectory.__struct_fields__ if name != "tokens")
_TOKENS = b',"tokens":'  # no text in a row has it: its quotes would be escaped there


def encode_row_into(trajectory: Trajectory, line: bytearray) -> tuple[int, int]:
    """Write a row into a buffer, whose length becomes the row's. Raises what encoding raises.

    Token ids are nine tenths of a row that has them, and an engine has their text, for it has sent it. Gives the bytes
    from where to where they are, without which it is a row too; nothing of a row without ids, or where no text is kept.
    """
    tokens = trajectory.tokens
    if not tokens or any(sequence.text is None for sequence in tokens.values()):
        _sorted.encode_into(trajectory, line)
        return 0, 0
    told = _sorted.encode({seat: _with_text(sequence) for seat, sequence in tokens.items()})
    fields = {name: getattr(trajectory, name) for name in _FIELDS}
    _sorted.encode_into(_RowWithText(tokens=msgspec.Raw(told), **fields), line)
    start = line.index(_TOKENS)
    return start, start + len(_TOKENS) + len(told)


def _with_text(sequence: TokenSequence) -> _SequenceWithText:
    text = msgspec.Raw(b"[%b]" % (sequence.text or b""))
    return _SequenceWithText(text, sequence.generated, sequence.logprobs, sequence.weights, sequence.complete)
