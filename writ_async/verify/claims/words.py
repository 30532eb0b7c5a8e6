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
    """The words of many texts in lower case, of which few are ever asked for: a text is searched when one is.

    A word is in them where `split_words` would give it. Each text is searched once for a word, at C's speed; where many
    words were asked for in vain, the texts are cut up after all, so that the cost stays linear in words and texts.
    """

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._found: set[str] = set()
        self._searched: dict[str, int] = {}

    def add(self, text: str) -> None:
        """Take in a text."""
        if text.isascii():
            self._texts.append(text)
        else:
            self._found.update(split_words(text))

    def __contains__(self, word: str) -> bool:
        if word in self._found:
            return True
        if len(self._searched) > _MANY:
            for text in self._texts:
                self._found.update(split_words(text))
            self._texts.clear()
            return word in self._found
        texts, start = self._texts, self._searched.get(word, 0)
        for place in range(len(texts) - 1, start - 1, -1):
            if _stands_in(texts[place], word):
                self._found.add(word)
                return True
        self._searched[word] = len(texts)
        return False

    def has_ending(self, end: str) -> bool:
        """Whether some word ends in something."""
        return any(word.endswith(end) for word in self._found) or any(
            _stands_in(text, end, whole=False) for text in self._texts
        )


def _stands_in(text: str, word: str, *, whole: bool = True) -> bool:
    """Whether a word stands in a text by itself, or, where it need not be whole, as the end of one."""
    place = text.find(word) if word else -1
    while place >= 0:
        end = place + len(word)
        after = text[end : end + 1]
        ends = after in _EDGES or (after == "." and text[end + 1 : end + 2] in _EDGES)
        if ends and (not whole or place == 0 or text[place - 1] in _EDGES):
            return True
        place = text.find(word, place + 1)
    return False
