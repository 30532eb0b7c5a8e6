"""A seat's tokens as they are shown: ids, what each says where the model's tokenizer is there, mask and logprobs."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import msgspec

from writ_async.core.trajectory import TokenSequence
from writ_async.errors import InputError


class TokenPage(msgspec.Struct, frozen=True):
    """One seat's tokens. `texts` is parallel to `ids`, empty where no tokenizer can be read, which `note` says.

    `generated` and `logprobs` are as in `TokenSequence`; `weights` has version, start and end.
    """

    ids: tuple[int, ...]
    texts: tuple[str, ...]
    generated: tuple[tuple[int, int], ...]
    logprobs: tuple[float | None, ...]
    weights: tuple[tuple[str, int, int], ...]
    complete: bool
    note: str = ""


def token_page(tokens: TokenSequence, model_folder: str) -> TokenPage:
    """The tokens of a seat, with their texts where `model_folder` has a tokenizer."""
    texts, note = _texts(tokens.ids, model_folder)
    return TokenPage(
        tokens.ids,
        texts,
        tokens.generated,
        tokens.logprobs,
        tuple((span.version, span.start, span.end) for span in tokens.weights),
        tokens.complete,
        note,
    )


def _texts(ids: tuple[int, ...], folder: str) -> tuple[tuple[str, ...], str]:
    if not folder or not Path(folder).is_dir():
        return (), "ids alone: --tokenizer DIR names the model's folder"
    try:
        decode = _decoder(folder)
        return tuple(decode(one) for one in ids), ""
    except (InputError, ImportError) as exc:
        return (), f"ids alone: {exc}"


@lru_cache(maxsize=4)
def _decoder(folder: str) -> Callable[[int], str]:
    """What each id says, remembered."""
    from writ_async.chat.tokenizer import load_tokenizer

    tokenizer = load_tokenizer(folder)
    return lru_cache(maxsize=1 << 17)(lambda one: tokenizer.decode([one]))
