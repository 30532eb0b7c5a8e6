"""Sentences composed of parts: `[a|b]` in a form stands for one of its parts, `[a|]` for one that may be left out.

Groups may hold groups. Sentences are what ends in a full stop, a question or an exclamation mark; they begin with a
capital whatever part comes first:

>>> from random import Random
>>> sorted({compose(Random(seed), "[please |]send it [back|there].") for seed in range(40)})
['Please send it back.', 'Please send it there.', 'Send it back.', 'Send it there.']
>>> count_ways("[please |]send it [back|[right |]there].")
6
"""

from __future__ import annotations

import re
from random import Random
from typing import Final

_GROUP: Final = re.compile(r"\[([^\[\]]*)\]")


def compose(rng: Random, form: str) -> str:
    """One of the ways in which a form can be said; each part of a group is as likely as the others."""
    if "[" not in form:
        return form
    while "[" in form:
        form = _GROUP.sub(lambda found: rng.choice(found[1].split("|")), form)
    return form[:1].upper() + form[1:] if form[-1:] in ".?!" else form


def count_ways(form: str) -> int:
    """In how many ways a form can be said."""
    counts: dict[str, int] = {}

    def name(found: re.Match[str]) -> str:
        key = f"\0{len(counts)}\0"
        counts[key] = sum(ways(part) for part in found[1].split("|"))
        return key

    def ways(part: str) -> int:
        product = 1
        for key in re.findall("\0\\d+\0", part):
            product *= counts[key]
        return product

    while "[" in form:
        form = _GROUP.sub(name, form)
    return ways(form)
