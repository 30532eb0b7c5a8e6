"""Words of a text, cut fast: the many results of a conversation are all looked through for the few words of a claim."""

from __future__ import annotations

from typing import Final

_BETWEEN: Final = b'"`,:;{}[]()<>=!?*#$|/\\+~&%\n\t\r'
_TABLE: Final = bytes(0x20 if byte in _BETWEEN else byte for byte in range(256))
_CURLY: Final = (
    ("’", "'"),
    ("‘", "'"),
    ("“", " "),
    ("”", " "),
    ("–", " "),
    ("—", " "),
    ("…", " "),
    ("€", " "),
    ("£", " "),
)


def split_words(text: str) -> list[str]:
    """The words of a text, with hyphens, apostrophes and points inside them, without signs around them."""
    if not text.isascii():
        for sign, plain in _CURLY:
            if sign in text:
                text = text.replace(sign, plain)
    cut = text.encode("utf-8", "surrogatepass").translate(_TABLE) + b" "
    if b". " in cut:
        cut = cut.replace(b". ", b"  ")
    return cut.decode("utf-8", "surrogatepass").split()


_MANY: Final = 256
_EDGES: Final = frozenset(chr(byte) for byte in _BETWEEN) | {" ", ""}


class ShownWords:
    """The words of many texts in lower case, of which few are ever asked for: the texts are searched when one is.

    A word is in them where `split_words` would give it. Each text is searched once for a word, at C's speed; where many
    words were asked for in vain, the texts are cut up after all, so that the cost stays linear in words and texts. The
    texts lie joined in few blocks, each at least twice as long as the next, so that few are searched and each sign is
    copied a few times only.
    """

    def __init__(self) -> None:
        self._new: list[str] = []
        self._blocks: list[tuple[int, int, str]] = []
        self._length = 0
        self._found: set[str] = set()
        self._searched: dict[str, int] = {}
        self._inside: set[str] = set()
        """Of the words that were searched those that stand in the texts, though perhaps inside others alone."""

    def add(self, text: str) -> None:
        """Take in a text."""
        if text.isascii():
            self._new.append(text)
        else:
            self._found.update(split_words(text))

    def __contains__(self, word: str) -> bool:
        return word in self._found or self._has(word)

    def has_number(self, number: str) -> bool:
        """Whether a number is in them as a word, be it with a minus in front: then it stands inside that word."""
        if number in self:
            return True
        return f"-{number}" in (self if number in self._inside else self._found)

    def _has(self, word: str) -> bool:
        """Whether a word that was not found yet stands in the texts."""
        if self._new:
            self._join()
        if len(self._searched) > _MANY:
            for _, _, text in self._blocks:
                self._found.update(split_words(text))
            self._blocks.clear()
            self._inside.add(word)
            return word in self._found
        since = self._searched.get(word, 0)
        for start, end, text in reversed(self._blocks):
            if end <= since:
                break
            left = since - start if since > start else 0
            place = text.rfind(word, left) if word else -1
            if place >= 0:
                if _stands_at(text, word, place, left):
                    self._found.add(word)
                    return True
                self._inside.add(word)
        self._searched[word] = self._length
        return False

    def has_ending(self, end: str) -> bool:
        """Whether some word ends in something."""
        if self._new:
            self._join()
        for _, _, text in self._blocks:
            if (place := text.rfind(end)) >= 0 and _stands_at(text, end, place, 0, whole=False):
                return True
        return any(word.endswith(end) for word in self._found)

    def _join(self) -> None:
        """Put the texts that are new behind the others, with a line's end, which no word has, after each."""
        start, text = self._length, "\n".join((*self._new, ""))
        self._length += len(text)
        self._new.clear()
        blocks = self._blocks
        while blocks and len(blocks[-1][2]) < 2 * len(text):
            start, _, before = blocks.pop()
            text = before + text
        blocks.append((start, self._length, text))


def _stands_at(text: str, word: str, place: int, start: int, *, whole: bool = True) -> bool:
    """Whether a word that is found at a place stands by itself there, or before it from `start` on.

    Where it need not be whole, as the end of one. What is told of late is asked for most, so the text is searched from
    its end.
    """
    length = len(word)
    while place >= 0:
        end = place + length
        after = text[end : end + 1]
        ends = after in _EDGES or (after == "." and text[end + 1 : end + 2] in _EDGES)
        if ends and (not whole or place <= 0 or text[place - 1] in _EDGES):
            return True
        place = text.rfind(word, start, end - 1)
    return False
