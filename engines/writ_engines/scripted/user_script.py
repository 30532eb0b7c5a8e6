"""A scripted user with a behaviour: what is said when, from the agent's words and what was said before.

It is a machine without chance of its own: the same words heard in the same order give the same words said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from writ_async.behaviour.pieces import Piece, is_heard, pieces_of, words_of, wrong_version
from writ_async.core.behaviour import Behaviour
from writ_async.core.task import Task
from writ_engines.scripted import user_lines as lines
from writ_engines.scripted.manner import Manner, spell
from writ_engines.scripted.speech import NOTHING_MORE, asks_for
from writ_engines.scripted.user import CONFIRM, MORE, TRANSFER
from writ_engines.scripted.user_mistakes import Slip

_ASKS_FACTS = re.compile(r"detail|identif|account|who you are|find you|yourself|verify|information")
_DRIPS = 5
"""Most turns over which a user who tells one thing at a time spreads the rest of a request."""


class UserScript:
    """One user in one conversation. `reply` takes what the agent said last, and gives the next words."""

    def __init__(self, task: Task, behaviour: Behaviour, rng: Random, slip: Slip | None = None) -> None:
        self.turns = 0
        self._value = behaviour.value
        self._behaviour = behaviour
        self._rng = rng
        self._slip = slip
        self._manner = Manner(task, behaviour, rng)
        self._mode = self._value("disclosure") or self._default_mode()
        pieces = pieces_of(task)
        self._greeting = next((piece.text for piece in pieces if piece.part == "greeting"), "")
        pieces = tuple(piece for piece in pieces if piece.part != "greeting")
        self._held = [piece for piece in pieces if self._holds(piece)]
        self._left = [piece for piece in pieces if not self._holds(piece)]
        self._told = False
        self._wrong: Piece | None = None
        self._corrects = (t.detail if (t := behaviour.trait("correction")) is not None else "") or None
        self._insists = {"repeats_denied": 2, "false_claim": 1}.get(self._value("persistence"), 0)
        self._once = {"withhold", "other", "ignorance", "recap", "spell"}
        self._drip = 1

    def _default_mode(self) -> str:
        """Where the behaviour leaves it open, some say all at once; not where there has to be something to ask for."""
        asked = self._value("cooperation") in ("other_first", "withholds_once", "answers_asked")
        asked = asked or self._value("ignorance") in ("asks_where", "asks_meaning")
        return "on_request" if asked or self._rng.random() < 0.5 else "all_at_once"

    def _holds(self, piece: Piece) -> bool:
        """Whether a piece is only told once another wish is under way or done."""
        if self._value("drift") == "adds_at_confirmation":
            return piece.wish > 0 or piece.part == "question"
        return self._value("confirmation") == "one_at_a_time" and piece.wish > 0

    def reply(self, said: str) -> str:
        """The user's next words after the agent's; the first call opens, whatever the agent said."""
        self.turns += 1
        if self.turns == 1:
            return self._open()
        heard = said.casefold()
        if TRANSFER.search(heard):
            return "###TRANSFER###"
        if self._slipped("stop"):
            return "###STOP###"
        if not self._told:
            return self._after_opener()
        if self._wrong is not None:
            corrected, self._wrong = self._wrong, None
            return self._manner.finish(self._say([corrected]), lead=[self._rng.choice(lines.CORRECTION)])
        if MORE.search(heard) or "?" not in heard:
            return self._go_on_or_end()
        if CONFIRM.search(heard):
            return self._confirm()
        return self._answer(heard)

    def _open(self) -> str:
        """The first message: the request, or what this user says before it."""
        hello = self._greeting or self._rng.choice(lines.HELLO)
        slip = self._slipped("opening")
        if self._value("infeasible") == "unavailable_first":
            return self._manner.finish([slip], lead=[hello, self._unavailable("infeasible")])
        if self._value("ambiguity") in ("vague_object", "vague_time"):
            parts = lines.VAGUE_OBJECT if self._value("ambiguity") == "vague_object" else lines.VAGUE_TIME
            return self._manner.finish([slip], lead=[hello, " ".join(self._rng.choice(part) for part in parts)])
        if self._value("utterances") == "cut_off":
            return self._manner.finish([slip, _cut(self._goal())], lead=[hello])
        if self._value("fallback") == "conditional":
            lead = [hello, self._unavailable("fallback"), self._rng.choice(lines.IF_NOT)]
            return self._manner.finish([*self._main(), slip], lead=lead)
        lead = ["" if self._value("verbosity") == "minimal" else self._greeting]
        return self._manner.finish([*self._main(), slip], lead=lead)

    def _unavailable(self, axis: str) -> str:
        trait = self._behaviour.trait("infeasible" if axis == "infeasible" else "fallback")
        return self._rng.choice(lines.UNAVAILABLE).format(trait.detail if trait is not None else "")

    def _goal(self) -> Piece:
        return next((piece for piece in self._left if piece.part == "goal"), self._left[0])

    def _after_opener(self) -> str:
        """What follows an opening that did not say the request: first perhaps the same wish again, then the request."""
        if self._insists:
            self._insists -= 1
            trait = self._behaviour.trait("infeasible")
            again = self._rng.choice(lines.INSIST).format(trait.detail if trait is not None else "")
            claim = self._rng.choice(lines.FALSE_CLAIM) if self._value("persistence") == "false_claim" else ""
            return self._manner.finish([], lead=[claim, again])
        instead = self._rng.choice(lines.INSTEAD) if self._value("infeasible") == "unavailable_first" else ""
        return self._manner.finish(self._main(), lead=[instead])

    def _main(self) -> list[str]:
        """The request, as much of it as the mode of disclosure says at once."""
        self._told = True
        if self._mode == "all_at_once":
            return self._say(self._left)
        if self._mode == "drip":
            return self._say([piece for piece in self._left if piece.part == "goal"][:1])
        if self._mode == "reversed":
            return self._say([piece for piece in self._left if piece.part != "goal"])
        return self._say([piece for piece in self._left if piece.part != "fact"])

    def _say(self, pieces: Sequence[Piece]) -> list[str]:
        """Tell pieces. A fact that is to be corrected later is told wrongly the first time."""
        said: list[str] = []
        for piece in list(pieces):
            text = piece.text
            if self._corrects is not None and piece.slot == self._corrects:
                self._corrects, self._wrong = None, piece
                said.append(text.replace(piece.value, wrong_version(piece.value)))
                continue
            for kept in (self._left, self._held):
                if piece in kept:
                    kept.remove(piece)
            bare = self._value("verbosity") == "minimal" and piece.part == "fact" and piece.value in text
            if bare and not any(char.isdigit() for char in text.replace(piece.value, "")):
                text = f"{piece.value}."
            said.append(text)
            if self._value("channel") == "spelled_out" and piece.part == "fact" and self._first("spell", piece.value):
                said.append(f"{self._rng.choice(lines.SPELLED)} {spell(piece.value)}.")
        return said

    def _first(self, what: str, value: str = "abc") -> bool:
        """Whether something that is done once is due; it is then done."""
        if what not in self._once or not spell(value):
            return False
        self._once.discard(what)
        return True

    def _go_on_or_end(self) -> str:
        """The agent has come to an end: another wish if there is one, else goodbye."""
        if self._held:
            nxt = min(piece.wish for piece in self._held)
            return self._manner.finish(self._say([piece for piece in self._held if piece.wish == nxt]))
        rest = [piece for piece in self._left if piece.part != "fact"]
        return self._manner.finish(self._say(rest)) if rest else "###STOP###"

    def _confirm(self) -> str:
        if self._value("confirmation") == "recap_first" and self._first("recap"):
            return self._manner.finish([], lead=[self._rng.choice(lines.RECAP)], confirms=True)
        if denied := self._slipped("confirm"):
            return denied
        if self._value("confirmation") == "implicit":
            yes = self._rng.choice(lines.IMPLICIT)
        else:
            yes = self._rng.choice(lines.SHORT_YES if self._value("verbosity") == "minimal" else lines.EXPLICIT)
        lead, said = [yes, self._slipped("late")], []
        if self._held and self._value("drift") == "adds_at_confirmation":
            lead, said = [*lead, self._rng.choice(lines.ADD_ON)], self._say(self._held)
        return self._manner.finish(said, lead=lead, confirms=True)

    def _answer(self, heard: str) -> str:
        """The reply to a question for more."""
        facts = [piece for piece in self._left if piece.part == "fact"]
        asked = [piece for piece in facts if asks_for(piece.slot, heard)]
        general = bool(facts) and (bool(asked) or bool(_ASKS_FACTS.search(heard)))
        if general and self._value("cooperation") == "withholds_once" and self._first("withhold"):
            return self._manner.finish([], lead=[self._rng.choice(lines.WITHHOLD)])
        if general and self._value("ignorance") in ("asks_where", "asks_meaning") and self._first("ignorance"):
            return self._manner.finish([], lead=[self._rng.choice(lines.IGNORANCE[self._value("ignorance")])])
        yielding = self._value("cooperation") == "withholds_once" and general and "yield" not in self._once
        self._once |= {"yield"} if yielding else set()
        before = [self._rng.choice(lines.YIELDS)] if yielding else []
        if (told := self._choose(heard, facts, asked)) or before:
            return self._manner.finish(self._say(told), lead=before)
        return self._manner.finish([], lead=[self._rng.choice(NOTHING_MORE)])

    def _choose(self, heard: str, facts: list[Piece], asked: list[Piece]) -> list[Piece]:
        """The pieces that answer a question."""
        others = [piece for piece in self._left if piece.part != "fact"]
        if asked:
            rest = [piece for piece in facts if piece not in asked]
            if rest and self._value("cooperation") == "other_first" and self._first("other"):
                return rest[:1]
            return asked[:1] if self._mode == "drip" else asked
        if facts and _ASKS_FACTS.search(heard):
            return facts[:1] if self._mode == "drip" else facts
        if others and self._mode == "drip":
            self._drip += 1
            turns = max(1, _DRIPS - self._drip)
            return others[: -(-len(others) // turns)]
        return others or facts

    def _slipped(self, moment: str) -> str:
        """What a slip of the user's says at this moment, if it is due."""
        return self._slip.at(moment, self.turns) if self._slip is not None else ""


def _cut(goal: Piece) -> str:
    """A sentence that was sent too early: its beginning, as long as it does not give the sentence away."""
    words = goal.text.rstrip(".!?").split()
    count = max(2, len(words) // 2)
    while count > 2 and is_heard(goal, words_of(" ".join(words[:count]))):
        count -= 1
    return " ".join(words[:count]).rstrip(",;:")
