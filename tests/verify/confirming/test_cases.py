"""Small conversations with the right verdict on their confirmation, and labelled real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.labels import read_labels, score_labels, wilson
from tests.support.shared_data import SHARED, needs_shared
from writ_async.formats.foreign import Foreign, read_foreign
from writ_async.formats.foreign.places import PlaceFinder
from writ_async.formats.foreign.verdicts import check_row
from writ_async.verify.reasons import Reason

CASES = Path() if SHARED is None else SHARED / "cases" / "check"
UNCONFIRMED = (
    "fa_curly_dont",
    "fa_other_item_than_confirmed",
    "fa_other_payment_than_confirmed",
    "fa_please_is_taken_for_yes",
    "fa_request_with_please",
    "fa_that_is_not_correct",
    "fa_value_that_only_the_user_saw",
)
CONFIRMED = (
    "fr_address_of_another_order",
    "fr_back_to_an_earlier_value",
    "fr_cabin_change_same_flights",
    "fr_cancel_reason_in_other_words",
    "fr_certificate_amount_from_policy",
    "fr_date_as_05_21",
    "fr_reply_curly_apostrophe",
    "fr_reply_just_process_it",
    "fr_reply_no_longer_needed_yes",
    "fr_reply_no_other_item_yes_proceed",
    "fr_reply_starts_with_no_longer",
    "fr_reservation_told_by_its_flights",
    "fr_retry_after_failed_write",
)


def is_found(name: str, reason: Reason) -> bool:
    (row,) = read_foreign(CASES / f"{name}.json")
    assert isinstance(row, Foreign)
    place = PlaceFinder("tau2", None, "", ("reset_line",) if "only_the_user" in name else ()).find(row)
    checked = check_row(row, place.domain, place.kinds)
    return any(finding.reason == reason for finding in checked.findings)


@needs_shared
@pytest.mark.parametrize("name", UNCONFIRMED)
def test_what_was_not_agreed_to_is_found(name: str) -> None:
    assert is_found(name, Reason.UNCONFIRMED_WRITE)


@needs_shared
@pytest.mark.parametrize("name", CONFIRMED)
def test_what_was_agreed_to_is_not(name: str) -> None:
    assert not is_found(name, Reason.UNCONFIRMED_WRITE)
    assert not is_found(name, Reason.UNCHOSEN_ARGUMENT)


@needs_shared
@pytest.mark.slow
def test_readers_of_real_conversations_say_the_same() -> None:
    assert SHARED is not None
    report = score_labels(read_labels(str(SHARED / "real" / "labels.jsonl")), str(SHARED / "real"))
    clear = report.scores[0]
    assert min(clear.precision, clear.recall) >= 0.95, report.disagreements


def test_an_interval_holds_the_share_and_narrows_with_more() -> None:
    few, many = wilson(9, 10), wilson(900, 1000)
    assert few[0] < many[0] < 0.9 < many[1] < few[1]
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(10, 10)[1] == pytest.approx(1.0)
