"""A scripted user with a behaviour: what is said when, from the agent's words and what was said before.

It is a machine without chance of its own: the same words heard in the same order give the same words said. What the
agent's words call for is heard by `language.hearing`; the user answers, agrees, waits, and stops when its wishes are
dealt with or plainly refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from writ_async.behaviour.pieces import Piece, is_heard, pieces_of, words_of, wrong_version
from writ_async.core.behaviour import Axis, Behaviour
from writ_async.core.domain import Slot
from writ_async.core.task import Task
from writ_async.core.trajectory import CLOSING_TOKENS, Signal
from writ_async.language.hearing import Heard, Reaction, hear
from writ_async.language.which import puts_choice
from writ_engines.scripted import user_lines as lines
from writ_engines.scripted.user_hearing import AskedSlots, is_about_user, is_about_wish
from writ_engines.scripted.user_memory import Progress
from writ_engines.scripted.user_mistakes import Slip
from writ_engines.scripted.user_plays import joint_play, plays_of
from writ_engines.scripted.user_voice import UserVoice, spell_out

_DRIPS = 5
"""Most turns over which a user who tells one thing at a time spreads the rest of a request."""


class UserScript:
    """One user in one conversation. `reply` takes what the agent said last, and gives the next words."""

    def __init__(
        self, task: Task, behaviour: Behaviour, rng: Random, slip: Slip | None = None, slots: Sequence[Slot] = ()
    ) -> None:
        self.turns = 0
        self._behaviour = behaviour
        self._rng = rng
        self._slip = slip
        plays = plays_of(behaviour)
        if not behaviour.value("disclosure"):
            # Some say all at once where it is left open; not where there has to be something to ask for.
            waits = any(play.waits_for_questions for play in plays)
            at_once = not waits and rng.random() >= 0.5
            plays = plays_of(behaviour, "disclosure=all_at_once" if at_once else "disclosure=on_request")
        self._play = joint_play(plays)
        self._voice = UserVoice(task, behaviour, plays, rng)
        self._objections = [play.objects for play in plays if play.objects]
        self._insists = self._play.insists
        presses = self._play.presses
        self._change = task.scenario.change
        self._choice = task.scenario.choice
        self._nouns = task.open_choice.nouns if task.open_choice is not None else ()
        self._presses = rng.sample(presses, rng.randint(2, 4)) if presses else []
        self._slots = AskedSlots(slots)
        self._progress = Progress.of(task, fallback=bool(self._play.or_else))
        pieces = pieces_of(task)
        self._greeting = next((piece.text for piece in pieces if piece.part == "greeting"), "")
        holds_back = self._play.holds_back or (lambda piece: False)
        pieces = tuple(piece for piece in pieces if piece.part != "greeting")
        self._request = [piece for piece in pieces if piece.part != "fact"]
        self._facts = [piece for piece in pieces if piece.part == "fact"]
        self._held = [piece for piece in pieces if holds_back(piece)]
        self._untold = [piece for piece in pieces if not holds_back(piece)]
        self._requested = False
        self._to_mistake = self._detail_on("correction")
        self._mistaken: Piece | None = None
        self._done: set[str] = set()
        self._drips = 1

    def _detail_on(self, axis: Axis) -> str:
        trait = self._behaviour.trait(axis)
        return "" if trait is None else trait.detail

    def reply(self, said: str) -> str:
        """The user's next words after the agent's; the first call opens, whatever the agent said."""
        self.turns += 1
        if self.turns == 1:
            return self._say_opening()
        heard = hear(said)
        reaction = self._progress.hear(heard)
        if reaction == "be_handed_over":
            return CLOSING_TOKENS[Signal.TRANSFER]
        if self._slip_line("stop"):
            return CLOSING_TOKENS[Signal.STOP]
        if self._mistaken is not None and self._requested:
            corrected, self._mistaken = self._mistaken, None
            return self._voice.message(self._tell([corrected]), lead=[self._rng.choice(self._play.corrects)])
        if reaction == "wait":
            return self._wait(lines.WAITS)
        if not self._requested:
            first = reaction == "decline" and self._is_first("declining")
            return self._say(lines.DECLINES) if first else self._after_opening()
        if self._is_asked_which(said):
            return self._voice.message([self._choice])
        return self._react(heard, reaction)

    def _is_asked_which(self, said: str) -> bool:
        return bool(self._choice) and puts_choice(said, self._nouns)

    def _react(self, heard: Heard, reaction: Reaction) -> str:
        """The reply to what was heard once the request was told."""
        if reaction in ("agree", "agree_and_answer"):
            return self._answer_confirmation(heard, reaction)
        if reaction == "answer" and not (heard.does("close") and not self._untold):
            return self._answer_question(heard)
        if reaction == "decline":
            return self._decline(heard)
        if reaction == "nothing":
            return self._answer_question(heard) if self._untold else self._wait(lines.GO_ON)
        return self._go_on_or_end(heard)

    def _say_opening(self) -> str:
        """The first message: the request, or what this user says before it."""
        play, choose = self._play, self._rng.choice
        hello = self._greeting or choose(lines.HELLO)
        slip = self._slip_line("opening")
        if play.cuts_off:
            return self._voice.message([slip, _cut_off(self._first_goal())], lead=[hello])
        if not play.opens_with:
            return self._voice.message([*self._tell_request(), slip], lead=["" if play.brief else self._greeting])
        wish = self._detail_on("infeasible") or self._detail_on("fallback")
        lead = [hello, " ".join(map(choose, play.opens_with)).format(wish)]
        if play.or_else:
            lead.append(choose(play.or_else))
            return self._voice.message([*self._tell_request(), slip], lead=lead)
        return self._voice.message([slip], lead=lead)

    def _first_goal(self) -> Piece:
        return next((piece for piece in self._untold if piece.part == "goal"), self._untold[0])

    def _after_opening(self) -> str:
        """What follows an opening that did not say the request: first perhaps the same wish again, then the request."""
        if self._insists:
            self._insists -= 1
            again = self._rng.choice(lines.INSIST).format(self._detail_on("infeasible"))
            claim = self._rng.choice(self._play.claims) if self._play.claims else ""
            return self._voice.message([], lead=[claim, again])
        lead = [self._rng.choice(self._play.resumes)] if self._play.resumes else []
        return self._voice.message(self._tell_request(), lead=lead)

    def _tell_request(self) -> list[str]:
        """The request, as much of it as this user tells at once."""
        self._requested = True
        assert self._play.tells_first is not None
        # A request that only asks has no goal that could come first.
        first = self._play.tells_first(self._untold)
        return self._tell(first or [piece for piece in self._untold if piece.part != "fact"][:1])

    def _tell(self, pieces: Sequence[Piece]) -> list[str]:
        """Tell pieces. A fact that is to be corrected later is told wrongly the first time."""
        said: list[str] = []
        for piece in list(pieces):
            text = piece.text
            if self._to_mistake and piece.slot == self._to_mistake:
                self._to_mistake, self._mistaken = "", piece
                said.append(text.replace(piece.value, wrong_version(piece.value)))
                continue
            for kept in (self._untold, self._held):
                if piece in kept:
                    kept.remove(piece)
            is_fact = piece.part == "fact"
            around = text.replace(piece.value, "")
            if self._play.brief and is_fact and piece.value in text and not any(char.isdigit() for char in around):
                text = f"{piece.value}."
            said.append(text)
            if self._play.spells_out and is_fact and spell_out(piece.value) and self._is_first("spelling"):
                said.append(f"{self._rng.choice(self._play.spells_out)} {spell_out(piece.value)}.")
        return said

    def _is_first(self, what: str) -> bool:
        """Whether something that is done once is still due; it is then done."""
        due = what not in self._done
        self._done.add(what)
        return due

    def _wait(self, words: Sequence[str]) -> str:
        """A few words while the agent is at work; who waits in vain goes."""
        if self._progress.waits_in_vain:
            return CLOSING_TOKENS[Signal.STOP]
        return self._say(words)

    def _go_on_or_end(self, heard: Heard) -> str:
        """The agent has come to an end: another wish if there is one, else goodbye once all is dealt with."""
        if wishes := self._tell_more():
            return self._voice.message(wishes)
        if self._presses and heard.does("refuse"):
            return self._voice.message([], lead=[self._presses.pop(0)])
        if heard.does("close") or self._progress.is_settled:
            return CLOSING_TOKENS[Signal.STOP]
        return self._wait(lines.THE_REST)

    def _tell_more(self) -> list[str]:
        """The next wish, or what else is to be told before the end."""
        if self._held:
            wish = min(piece.wish for piece in self._held)
            return self._tell([piece for piece in self._held if piece.wish == wish])
        return self._tell([piece for piece in self._untold if piece.part != "fact"])

    def _say_again(self) -> str:
        """The request once more."""
        again = [piece.text for piece in self._request if piece not in self._untold and piece not in self._held]
        return self._voice.message(again, lead=[self._rng.choice(lines.AS_SAID)])

    def _decline(self, heard: Heard) -> str:
        """The answer to the offer of a hand-over: no, once; who is offered it again has nothing more to hope for."""
        wishes = self._tell_more() if heard.does("refuse", "report", "close") else []
        if not wishes and not self._is_first("declining"):
            return CLOSING_TOKENS[Signal.STOP]
        return self._voice.message(wishes, lead=[self._rng.choice(lines.DECLINES)])

    def _say(self, words: Sequence[str]) -> str:
        """One of some lines, and nothing that matters."""
        return self._voice.message([], lead=[self._rng.choice(words)])

    def _answer_confirmation(self, heard: Heard, reaction: Reaction) -> str:
        if self._change:
            change, self._change = self._change, ""
            return self._voice.message([change, *self._tell(self._untold)])
        play, choose = self._play, self._rng.choice
        told = self._untold_answer(heard) if self._untold and reaction == "agree_and_answer" else []
        if play.recap and not told and self._is_first("recap"):
            return self._voice.message([], lead=[choose(play.recap)], confirms=True)
        if denied := self._slip_line("confirm"):
            return denied
        lead, said = [choose(play.agrees or lines.EXPLICIT), self._slip_line("late")], self._tell(told)
        if self._held and play.adds:
            lead, said = [*lead, choose(play.adds)], [*said, *self._tell(self._held)]
        return self._voice.message(said, lead=lead, confirms=True)

    def _untold_answer(self, heard: Heard) -> list[Piece]:
        """What answers the question that comes with a confirmation."""
        facts = [piece for piece in self._untold if piece.part == "fact"]
        asked = [piece for piece in facts if self._slots.is_asked(piece.slot, heard.asking)]
        return self._choose_pieces(heard, facts, asked)

    def _answer_question(self, heard: Heard) -> str:
        """The reply to a question for more."""
        facts = [piece for piece in self._untold if piece.part == "fact"]
        asked = [piece for piece in facts if self._slots.is_asked(piece.slot, heard.asking)]
        about_user = bool(facts) and (bool(asked) or is_about_user(heard.asking))
        if about_user and self._objections:
            return self._voice.message([], lead=[self._rng.choice(self._objections.pop(0))])
        lead = []
        if about_user and self._play.yields and self._is_first("yielding"):
            lead = [self._rng.choice(self._play.yields)]
        if (told := self._choose_pieces(heard, facts, asked)) or lead:
            return self._voice.message(self._tell(told), lead=lead)
        return self._repeat(heard)

    def _repeat(self, heard: Heard) -> str:
        """What is asked for and was told already: once more; where it was never known, that there is nothing more."""
        facts = [piece for piece in self._facts if self._slots.is_asked(piece.slot, heard.asking)]
        if facts or (is_about_user(heard.asking) and self._is_first("saying who it is")):
            return self._voice.message([piece.text for piece in facts or self._facts])
        if is_about_wish(heard.asking) and self._is_first("saying what it is"):
            return self._say_again()
        return self._say(lines.NOTHING_MORE)

    def _choose_pieces(self, heard: Heard, facts: list[Piece], asked: list[Piece]) -> list[Piece]:
        """The pieces that answer a question."""
        others = [piece for piece in self._untold if piece.part != "fact"]
        if asked:
            rest = [piece for piece in facts if piece not in asked]
            if rest and self._play.another_first and self._is_first("another fact"):
                return rest[:1]
            return asked[:1] if self._play.drips else asked
        if facts and is_about_user(heard.asking):
            return facts[:1] if self._play.drips else facts
        if others and self._play.drips:
            self._drips += 1
            turns = max(1, _DRIPS - self._drips)
            return others[: -(-len(others) // turns)]
        return others or facts

    def _slip_line(self, moment: str) -> str:
        """What a slip of the user's says at this moment, if it is due."""
        return self._slip.line_at(moment, self.turns) if self._slip is not None else ""


def _cut_off(goal: Piece) -> str:
    """A sentence that was sent too early: its beginning, as long as it does not give the sentence away."""
    words = goal.text.rstrip(".!?").split()
    count = max(2, len(words) // 2)
    while count > 2 and is_heard(goal, words_of(" ".join(words[:count]))):
        count -= 1
    return " ".join(words[:count]).rstrip(",;:")
