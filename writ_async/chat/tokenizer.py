"""The model folder's own tokenizer, with the limits that a server sets on ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from writ_async.chat.errors import TokenRangeError
from writ_async.chat.optional_modules import import_extra
from writ_async.chat.rendered_parts import Parts
from writ_async.errors import InputError
from writ_async.files import PathLike, read_json

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Backend

_encode = msgspec.json.Encoder().encode
_RUNS = 4096  # texts between marks that are remembered; some 20 MB with the replies of customer service's tools


class AddedToken(msgspec.Struct, frozen=True):
    """One added token of tokenizer.json; `special` ones are left out of decoded text by most servers."""

    id: int
    content: str
    special: bool = False


class _Vocabulary(msgspec.Struct):
    added_tokens: list[AddedToken] = []
    decoder: dict[str, Any] | None = None


class _ModelConfig(msgspec.Struct):
    """What config.json and generation_config.json say about ids; a model of several parts nests it."""

    vocab_size: int | None = None
    eos_token_id: int | list[int] | None = None
    text_config: dict[str, Any] | None = None


def _byte_letters() -> dict[str, int]:
    """The letters that byte-level vocabularies write bytes as: printable ones as themselves, the others from U+0100 on.

    As GPT-2's `bytes_to_unicode` has it (Radford et al. 2019, encoder.py).
    """
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + place): byte for place, byte in enumerate(others)}


class Packed(msgspec.Struct, frozen=True):
    """Ids as numbers, and the same ids as the inside of a JSON list: `1,2,3`."""

    ids: list[int]
    text: bytes


class _TokenBytes(dict[int, bytes]):
    """The bytes of each id of a byte-level vocabulary, looked up when an id is first seen."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._letters = _byte_letters()

    def __missing__(self, token: int) -> bytes:
        text, letters = self._backend.id_to_token(token) or "", self._letters
        # A token with any other letter stands for itself, as those that were added may.
        known = all(letter in letters for letter in text)
        found = self[token] = bytes(map(letters.__getitem__, text)) if known else text.encode()
        return found


class Tokenizer:
    """Encodes text as a model was trained on it, and knows which ids may be sent to its server.

    `limit` is the number of rows of the model's embedding: ids are in `range(limit)`. It may be larger than the
    vocabulary, whose last ids then have no text. `added` maps added tokens to ids; `end_ids` are the ids after which
    the model's configuration says that a turn has ended. `byte_level` says that the text of ids is the text of their
    bytes, which need not go through the library then.
    """

    __slots__ = ("_backend", "_bytes", "_marks", "_numbers", "_pack_run", "added", "end_ids", "limit", "special_ids")

    def __init__(
        self,
        backend: Backend,
        added: Iterable[AddedToken],
        limit: int,
        end_ids: Iterable[int],
        *,
        byte_level: bool = False,
    ) -> None:
        tokens = sorted(added, key=lambda token: token.id)
        self._backend = backend
        self._bytes = _TokenBytes(backend) if byte_level else None
        self.added = {token.content: token.id for token in tokens}
        self.special_ids = frozenset(token.id for token in tokens if token.special)
        self.limit = limit
        self.end_ids = frozenset(end_ids)
        # A number is an object of 28 bytes: all sequences of ids share those of the vocabulary.
        self._numbers = tuple(range(limit))
        self._marks = {name: self.pack_ids([token]) for name, token in self.added.items()}
        self._pack_run = lru_cache(maxsize=_RUNS)(lambda text: self.pack_ids(self.encode(text)))

    def encode(self, text: str) -> list[int]:
        """The ids of ordinary text: no token is added, and no added token is recognised in it.

        Halves of surrogate pairs, which have no encoding, become question marks.
        """
        try:
            encoding = self._backend.encode(text, add_special_tokens=False)
        except TypeError:
            encoding = self._backend.encode(text.encode("utf-8", "replace").decode(), add_special_tokens=False)
        return encoding.ids

    def encode_parts(self, parts: Parts) -> list[int]:
        """The ids of a rendering. A mark that this tokenizer has no token for is part of the text around it."""
        return self.pack(parts).ids

    def pack(self, parts: Parts) -> Packed:
        """The same as numbers, in a list of the caller's own, and as text; neither is made anew where texts are known.

        The latest texts are remembered: conversations of one domain begin alike, and read the same entities.
        """
        runs = self._runs(parts)
        ids: list[int] = []
        for run in runs:
            ids.extend(run.ids)
        return Packed(ids, b",".join([run.text for run in runs]))

    def pack_ids(self, ids: Sequence[int]) -> Packed:
        """Ids of this vocabulary, as `check` has found them to be, as numbers and as text."""
        return Packed(list(map(self._numbers.__getitem__, ids)), pack_text(ids))

    def _runs(self, parts: Parts) -> list[Packed]:
        """The ids of each text and each mark, none of them empty."""
        run, marks = self._pack_run, self._marks
        runs: list[Packed] = []
        items = parts.items
        text = items[0]
        for index in range(1, len(items), 2):
            mark = marks.get(items[index])
            if mark is None:
                text += items[index] + items[index + 1]
                continue
            if text and (packed := run(text)).text:
                runs.append(packed)
            runs.append(mark)
            text = items[index + 1]
        if text and (packed := run(text)).text:
            runs.append(packed)
        return runs

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids, added tokens included. Ids without a text are passed over; broken UTF-8 becomes U+FFFD."""
        if self._bytes is not None:
            return b"".join(map(self._bytes.__getitem__, ids)).decode("utf-8", "replace")
        return self._backend.decode(ids, skip_special_tokens=False)

    def check(self, ids: Sequence[int]) -> None:
        """Raise `TokenRangeError` when an id has no row in the model's embedding."""
        if ids and (min(ids) < 0 or max(ids) >= self.limit):
            bad = next(token for token in ids if not 0 <= token < self.limit)
            raise TokenRangeError(f"token id {bad} is outside the model's vocabulary of {self.limit} ids")


def pack_text(ids: Sequence[int]) -> bytes:
    """Ids as the inside of a JSON list: `1,2,3`."""
    return _encode(ids)[1:-1]


def load_tokenizer(folder: PathLike) -> Tokenizer:
    """Read a model folder's tokenizer.json, config.json, generation_config.json and tokenizer_config.json.

    Raises `InputError` when there is no tokenizer.json, when it cannot be read, when it has ids that the model has not,
    or when text could still come out as an added token.
    """
    path = Path(folder)
    file = path / "tokenizer.json"
    if not file.is_file():
        raise InputError(f"{file}: there is no such file; name a model's folder that has one")
    vocabulary = read_json(file, _Vocabulary)
    added = vocabulary.added_tokens
    backend = _open_backend(file)
    used = 1 + max(backend.get_vocab(with_added_tokens=True).values(), default=-1)
    configs = [_config(path / name) for name in ("config.json", "generation_config.json")]
    limit = next((size for size in map(_vocab_size, configs) if size), used)
    if used > limit:
        raise InputError(
            f"{file}: has {used} ids, but config.json says that the model has {limit}; take the model's own"
        )
    end_ids = {token for config in configs for token in _as_ids(config.eos_token_id) if 0 <= token < used}
    eos = special_tokens(path).get("eos_token")
    end_ids |= {token.id for token in added if token.content == eos}
    byte_level = (vocabulary.decoder or {}).get("type") == "ByteLevel"
    tokenizer = Tokenizer(backend, added, limit, end_ids, byte_level=byte_level)
    _prove_neutral(tokenizer, file)
    return tokenizer


def load_reference(folder: PathLike) -> Tokenizer:
    """The same tokenizer as transformers uses it, where added tokens are recognised in any text: for comparison."""
    file = Path(folder) / "tokenizer.json"
    backend = cast("Backend", import_extra("tokenizers").Tokenizer.from_file(str(file)))
    return Tokenizer(backend, (), 1 + max(backend.get_vocab(with_added_tokens=True).values(), default=-1), ())


def special_tokens(folder: PathLike) -> dict[str, str]:
    """The named tokens of a model folder that templates may use: `bos_token`, `eos_token`, `pad_token` and so on."""
    found: dict[str, str] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        file = Path(folder) / name
        if file.is_file():
            for key, value in read_json(file, dict[str, Any]).items():
                text = value.get("content") if isinstance(value, dict) else value
                if key.endswith("_token") and isinstance(text, str):
                    found[key] = text
    return found


def _open_backend(file: Path) -> Backend:
    """A tokenizer that recognises no added token in text.

    The library leaves out only special tokens, so all added tokens are declared special; nothing else depends on it.
    """
    document = read_json(file, dict[str, Any])
    for token in document.get("added_tokens") or ():
        token["special"] = True
    # A tokenizer may come with a limit on length or with padding; both would spoil a prompt silently.
    document["truncation"] = document["padding"] = None
    module = import_extra("tokenizers")
    try:
        backend = module.Tokenizer.from_str(msgspec.json.encode(document).decode())
    except Exception as exc:  # the library raises bare Exception
        raise InputError(f"{file}: the tokenizers library cannot read it: {exc}") from None
    backend.encode_special_tokens = True
    return cast("Backend", backend)


def _prove_neutral(tokenizer: Tokenizer, file: Path) -> None:
    added = frozenset(tokenizer.added.values())
    for text in tokenizer.added:
        if not added.isdisjoint(tokenizer.encode(text)):
            raise InputError(f"{file}: the text {text!r} cannot be told from the token of that name; use another model")


def _config(file: Path) -> _ModelConfig:
    return read_json(file, _ModelConfig) if file.is_file() else _ModelConfig()


def _vocab_size(config: _ModelConfig) -> int | None:
    if config.vocab_size is not None:
        return config.vocab_size
    nested = (config.text_config or {}).get("vocab_size")
    return nested if isinstance(nested, int) else None


def _as_ids(value: int | list[int] | None) -> list[int]:
    return [] if value is None else [value] if isinstance(value, int) else value
