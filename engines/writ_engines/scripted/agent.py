"""The scripted agent before a user with a behaviour: plays its plan, and reacts to what the user says in between.

It asks until what the next step needs has been told, explains why it asks, sums up once more where the user wants that,
declines what cannot be done, and gives up on a user who says no twice. It costs O(new words) a turn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

import msgspec

from writ_async.behaviour.pieces import Piece, is_heard, pieces_of, words_of, wrong_version
from writ_async.core.domain import Domain
from writ_async.core.task import Task
from writ_engines.scripted import agent_lines as lines
from writ_engines.scripted.agent_plan import ask_which
from writ_engines.scripted.agent_steps import ask_for_steps, is_told_of
from writ_engines.scripted.agent_turns import APOLOGISE, CALL, ENDLESS, SAY, PlannedCall, Turn
from writ_engines.scripted.user_plays import joint_play, plays_of

_YES = re.compile(
    r"\b(?:yes|yep|yeah|sure|ok|okay|go ahead|proceed|please do|do it|do that|sounds good|(?:that )?works|fine|correct"
    r"|perfect|confirmed|i confirm)\b"
)
_NO = re.compile(r"^\W*(?:no|nope|don't|do not)\b")
_ASIDE = re.compile(r"by the way|out of curiosity|just wondering")
_PATIENCE = 16
"""Questions that the agent asks before it goes on with what it has been told."""
_STEP_PATIENCE = 4
"""How often in all the agent asks again for steps of which it was not told."""
_SUMMARIES = 3
_REDRAWS = 8  # of a line that is the last one again; some have one form only


class AgentScript:
    """One agent in one conversation. `next_turn` takes what the user said since the last turn, and gives the next."""

    def __init__(self, task: Task, domain: Domain, plan: Sequence[Turn], rng: Random) -> None:
        self.turns = 0
        self._task = task
        self._domain = domain
        self._plan = list(plan)
        self._rng = rng
        pieces = pieces_of(task)
        self._pieces = [piece for piece in pieces if piece.part != "greeting"]
        self._user = joint_play(plays_of(task.behaviour))
        traits = task.behaviour.traits if task.behaviour is not None else ()
        self._unavailable = [t.detail.casefold() for t in traits if t.axis in ("infeasible", "fallback") and t.detail]
        self._index = 0
        self._words: set[str] = set()
        self._asks = 0
        self._denials = 0
        self._summaries = 0
        self._step_asks = 0
        self._prefix = ""
        self._last: Turn | None = None
        self._checked = False
        self._looked_up = False
        self._still_forbidden = self._refusals_of(rng)

    def next_turn(self, said: str | None) -> Turn:
        """The next turn; `said` is None where the last thing that happened was a tool's result."""
        self.turns += 1
        self._last = self._choose_turn(said)
        return self._last

    def _choose_turn(self, said: str | None) -> Turn:
        heard = (said or "").casefold()
        if said is not None:
            fresh = words_of(said)
            self._words |= fresh
            if (turn := self._react_to(heard, fresh)) is not None:
                return turn
            if self._last is not None and self._last.asks_steps and not self._is_told_of_steps(said):
                return self._ask_for_steps_again(self._last)
            if self._last is not None and self._last.asks_which and not self._is_told_which(fresh):
                again = msgspec.structs.replace(self._last, text=self._say_anew(self._ask_which_again))
                self._asks += 1
                return again
        if self._index >= len(self._plan):
            return self._last_words_again()
        turn = self._plan[self._index]
        if turn.kind != ENDLESS and (missing := self._untold_pieces(turn.wish)) and self._asks < _PATIENCE:
            if (lookup := self._failing_lookup(missing)) is not None:
                self._looked_up = True
                return Turn(CALL, calls=(lookup,), wish=turn.wish)
            self._asks += 1
            text = self._say_anew(lambda: self._ask_for(missing, heard))
            return Turn(SAY, text=self._with_prefix(text), wish=turn.wish)
        if turn.kind == ENDLESS:
            return self._endless_turn(turn)
        self._index += 1
        return msgspec.structs.replace(turn, text=self._with_prefix(turn.text)) if turn.kind == SAY else turn

    def _react_to(self, heard: str, fresh: set[str]) -> Turn | None:
        """A turn that is not in the plan, where the user's words ask for one."""
        if self._last is not None and self._last.confirms and (_NO.search(heard) or not _YES.search(heard)):
            return self._ask_once_more(heard)
        if any(wish in heard for wish in self._unavailable):
            if not self._user.or_else:
                return Turn(SAY, text=self._say_anew(self._refuse))
            self._prefix = lines.REFUSE.draw(self._rng)
        elif "?" in heard and _ASIDE.search(heard):
            self._prefix = lines.ASIDE.draw(self._rng)
        return None

    def _refusals_of(self, rng: Random) -> list[str]:
        """What is said, a line each time, to a user who presses against the refusal at the end, or to any further wish
        where that refusal is wrong.
        """
        pressed = self._user.presses and self._task.proof is not None and self._task.proof.refused
        last = self._plan[-1].note
        wrong = last is not None and last.kind == "wrong_refusal"
        return lines.STILL_FORBIDDEN.draw_each(rng) if pressed or wrong else []

    def _is_told_of_steps(self, said: str) -> bool:
        """Whether the user has told what the steps showed that were asked for last, or will not however often asked."""
        assert self._last is not None
        if self._step_asks >= _STEP_PATIENCE:
            return True
        return is_told_of(self._last.asks_steps, said, self._domain)

    def _ask_for_steps_again(self, turn: Turn) -> Turn:
        self._step_asks += 1
        text = self._say_anew(lambda: ask_for_steps(turn.asks_steps, self._domain, self._rng))
        return msgspec.structs.replace(turn, text=text, note=None)

    def _is_told_which(self, fresh: set[str]) -> bool:
        """Whether the user has just said which one is meant, or will not say so however often they are asked."""
        words = words_of(self._task.scenario.choice)
        return 2 * len(words & fresh) >= len(words) or self._asks >= _PATIENCE

    def _ask_which_again(self) -> str:
        assert self._task.open_choice is not None
        return ask_which(self._task.open_choice, 0, self._rng).text

    def _refuse(self) -> str:
        return f"{lines.REFUSE.draw(self._rng)} {lines.WHAT_ELSE.draw(self._rng)}"

    def _say_anew(self, draw: Callable[[], str]) -> str:
        """A line that is not, word for word, the last one: who has to say a thing again puts it in other words."""
        last = "" if self._last is None else self._last.text
        text = draw()
        for _ in range(_REDRAWS):
            if text != last:
                break
            text = draw()
        return text

    def _ask_once_more(self, heard: str) -> Turn:
        assert self._last is not None
        if _NO.search(heard):
            self._denials += 1
            if self._denials > 1:
                self._plan = [Turn(APOLOGISE, text=lines.APOLOGY.draw(self._rng))]
                self._index = 1
                return self._plan[0]
        self._summaries += 1
        if self._summaries > _SUMMARIES:
            return Turn(APOLOGISE, text=lines.APOLOGY.draw(self._rng))
        question = self._plan[self._index - 1]
        return msgspec.structs.replace(question, text=f"{lines.SUM_UP.draw(self._rng)} {question.text}")

    def _endless_turn(self, turn: Turn) -> Turn:
        """The turn that never ends; its note tells in which turn it was played first."""
        if self._last is not None and self._last.kind == ENDLESS:
            return self._last
        assert turn.note is not None
        return msgspec.structs.replace(turn, note=msgspec.structs.replace(turn.note, turn=self.turns - 1))

    def _last_words_again(self) -> Turn:
        """After the end of the plan: the last words once more."""
        last = self._plan[-1]
        if self._still_forbidden:
            return Turn(SAY, text=f"{self._still_forbidden.pop(0)} {lines.MORE.draw(self._rng)}")
        again = self._last is not None and self._last.text == last.text and last.kind == SAY
        if last.kind not in (SAY, APOLOGISE) or again:
            last = Turn.closing(self._rng)
        return msgspec.structs.replace(last, note=None)

    def _untold_pieces(self, wish: int) -> list[Piece]:
        """What the user has still to tell before a turn for this wish: the wish first, then facts."""
        pieces = [
            piece for piece in self._pieces if self._due_before(piece) <= wish and not is_heard(piece, self._words)
        ]
        return sorted(pieces, key=lambda piece: (piece.part != "goal", piece.part != "fact"))

    def _due_before(self, piece: Piece) -> int:
        """The wish before which a piece has to be told; a question that is added late has to be answered at the end."""
        return max(piece.wish, 1) if self._user.adds and piece.part == "question" else piece.wish

    def _ask_for(self, missing: Sequence[Piece], heard: str) -> str:
        done = bool(self._index) and self._plan[self._index - 1].kind == CALL and missing[0].wish > 0
        if done or (self._user.adds and missing[0].part == "question"):
            return f"{lines.DONE_ONE.draw(self._rng)} {lines.MORE.draw(self._rng)}"
        first = missing[0]
        if first.part == "goal":
            return lines.ASK_GOAL.draw(self._rng)
        facts = [piece for piece in missing if piece.part == "fact"]
        if not facts:
            return lines.ASK_REST.draw(self._rng)
        why = f"{lines.EXPLAIN.draw(self._rng)} " if self._asks > 1 and "?" in heard else ""
        wrong = self._wrong_piece(facts)
        if wrong is not None:
            facts = [piece for piece in facts if piece is not wrong] or [wrong]
            if facts == [wrong]:
                self._checked = True
                forms = lines.ASK_CHECK if self._looked_up else lines.ASK_TWICE
                return why + forms.draw(self._rng).format(lines.slot_words(self._domain, wrong.slot))
        one = self._user.another_first or len(facts) == 1
        slots = dict.fromkeys(lines.slot_words(self._domain, piece.slot) for piece in (facts[:1] if one else facts))
        return why + lines.ASK_SLOTS.draw(self._rng).format(" and your ".join(slots))

    def _wrong_piece(self, missing: Sequence[Piece]) -> Piece | None:
        """A fact that the user has given wrongly so far, and that was not asked for again."""
        if self._checked:
            return None
        facts = (piece for piece in missing if piece.part == "fact" and piece.value)
        return next((piece for piece in facts if words_of(wrong_version(piece.value)) <= self._words), None)

    def _failing_lookup(self, missing: Sequence[Piece]) -> PlannedCall | None:
        """The look-up by which an agent finds out that a fact was given wrongly, once all that it needs was told."""
        wrong = None if self._looked_up else self._wrong_piece(missing)
        if wrong is None:
            return None
        value = wrong.value.casefold()
        for action in self._task.actions or ():
            tool = self._domain.tools.get(action.name)
            if tool is None or tool.kind != "read" or action.requestor != "assistant":
                continue
            given = {
                key: wrong_version(wrong.value) if str(item).casefold() == value else item
                for key, item in action.arguments.items()
            }
            if given != action.arguments and all(words_of(str(item)) <= self._words for item in given.values()):
                return PlannedCall(action.name, given)
        return None

    def _with_prefix(self, text: str) -> str:
        prefix, self._prefix = self._prefix, ""
        return f"{prefix} {text}" if prefix else text
