"""Precision and recall of the evidence verifier on real language: writes of others' conversations, judged by reading.

A label names a write by its place in a file and says whether the user had agreed to it (`confirmed`, else why not),
and which of its arguments nobody had said or shown. `incomplete` has no label: it is wrong where the file's
own reward says that the task was solved. Close calls (`borderline`) are counted apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from pathlib import Path

import msgspec
from rich import box
from rich.table import Table

from bench.report import Figure
from writ_async import InputError, Reason
from writ_async.formats.foreign import BadRow, read_foreign
from writ_async.formats.foreign.places import PlaceFinder
from writ_async.formats.foreign.verdicts import Checked, at_places_of, check_row

CONFIRMED = "confirmed"
_Z = 1.959964  # two-sided 95 %


class Label(msgspec.Struct, frozen=True):
    """What a reader said of one write: `message` and `call` are its places in the conversation as the file has it."""

    file: str
    conversation: int
    message: int
    call: int
    name: str
    label: str
    borderline: bool = False
    unseen: tuple[str, ...] = ()
    why: str = ""


class Score(msgspec.Struct):
    """One kind of finding: how many things were judged, were called for, named, and named rightly."""

    name: str
    judged: int = 0
    called_for: int = 0
    named: int = 0
    right: int = 0

    def add(self, named: bool, due: bool) -> None:
        """Count one more."""
        self.judged += 1
        self.named += named
        self.called_for += due
        self.right += named and due

    @property
    def precision(self) -> float:
        """Share of the named that were called for."""
        return self.right / self.named if self.named else 1.0

    @property
    def recall(self) -> float:
        """Share of those called for that were named."""
        return self.right / self.called_for if self.called_for else 1.0


class LabelReport(msgspec.Struct):
    """The scores, and the writes on which reader and verifier disagree, each as a line."""

    scores: list[Score]
    disagreements: list[str]


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share by Wilson's score; all of it where there is nothing to go by."""
    if of == 0:
        return 0.0, 1.0
    share, spread = hits / of, _Z * _Z / of
    middle = share + spread / 2
    reach = _Z * sqrt(share * (1 - share) / of + spread / (4 * of))
    return max(0.0, (middle - reach) / (1 + spread)), min(1.0, (middle + reach) / (1 + spread))


def read_labels(path: str) -> list[Label]:
    """The labels of a file of JSON lines. Raises `InputError` when it cannot be read."""
    try:
        lines = Path(path).read_bytes().splitlines()
        return [msgspec.json.decode(line, type=Label) for line in lines if line.strip()]
    except (OSError, msgspec.ValidationError, msgspec.DecodeError) as exc:
        raise InputError(f"{path}: {exc}") from None


def check_file(path: Path, places: PlaceFinder) -> list[Checked | None]:
    """The verdict on each conversation of a file, at the file's own places; None for one that cannot be read."""
    found: list[Checked | None] = []
    for row in read_foreign(path):
        if isinstance(row, BadRow):
            found.append(None)
            continue
        place = places.find(row)
        found.append(at_places_of(row, check_row(row, place.domain, place.kinds, place.world, place.task)))
    return found


def score_labels(labels: Sequence[Label], folder: str) -> LabelReport:
    """Hold the verdicts on the files of a folder against labels of writes in them."""
    places = PlaceFinder("tau2", None, "", ())
    files = {name: check_file(Path(folder) / name, places) for name in dict.fromkeys(label.file for label in labels)}
    clear, close = Score("unconfirmed_write"), Score("unconfirmed_write, close calls")
    unseen, incomplete = Score("unseen_argument"), Score("incomplete (conversations)")
    disagreements: list[str] = []
    for label in labels:
        rows = files[label.file]
        checked = rows[label.conversation] if label.conversation < len(rows) else None
        if checked is None:
            raise InputError(f"{label.file}: no conversation {label.conversation}")
        here = [item for item in checked.findings if (item.message, item.call) == (label.message, label.call)]
        due = label.label != CONFIRMED
        details = [item.detail for item in here if item.reason == Reason.UNCONFIRMED_WRITE]
        (close if label.borderline else clear).add(bool(details), due)
        unseen.add(any(item.reason == Reason.UNSEEN_ARGUMENT for item in here), bool(label.unseen))
        if bool(details) != due and not label.borderline:
            disagreements.append(
                f"{label.file} {label.conversation} [{label.message}.{label.call}] {label.name}: read as {label.label} "
                f"({label.why}); found {'; '.join(details) or 'nothing'}"
            )
    for checked in (row for rows in files.values() for row in rows if row is not None):
        named = any(item.reason == Reason.INCOMPLETE for item in checked.findings)
        incomplete.judged += 1
        incomplete.named += named
        incomplete.right += named and checked.stated_reward != 1
    incomplete.called_for = incomplete.right
    return LabelReport([clear, close, unseen, incomplete], disagreements)


def labels_table(scores: Sequence[Score]) -> Table:
    """Precision and recall with their intervals."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="evidence verifier on real language, against readers")
    for heading in ("finding", "writes", "due", "named", "precision", "95 %", "recall", "95 %"):
        table.add_column(heading, justify="left" if heading == "finding" else "right")
    for item in scores:
        judged = "incomplete" not in item.name
        table.add_row(
            item.name,
            f"{item.judged:,}",
            f"{item.called_for:,}" if judged else "",
            f"{item.named:,}",
            f"{item.precision:.2f}",
            _interval(item.right, item.named),
            f"{item.recall:.2f}" if judged else "",
            _interval(item.right, item.called_for) if judged else "",
        )
    return table


def _interval(hits: int, of: int) -> str:
    low, high = wilson(hits, of)
    return f"{low:.2f}-{high:.2f}"


def label_figures(scores: Sequence[Score]) -> list[Figure]:
    """Precision and recall on the clear writes, each of which is to be 0.95 at least."""
    clear, _, unseen, incomplete = scores
    return [
        Figure("unconfirmed_write on real language: precision", clear.precision, "", 0.95, True),
        Figure("unconfirmed_write on real language: recall", clear.recall, "", 0.95, True),
        Figure("unseen_argument on real language: precision", unseen.precision, "", 0.95, True),
        Figure("incomplete on real language: precision", incomplete.precision, "", 0.95, True),
    ]
