"""Reports in other words than deeds are held to the calls: somebody asked, something given, notes, finished work."""

from __future__ import annotations

import pytest

from tests.verify.test_claims import CANCEL, CANCELLED, LOOKUP, ORDER, talk
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, ToolMessage, UserMessage
from writ_async.verify.claims import claim_findings

NOBODY = [
    "I checked with our warehouse and there is one left.",
    "I have just confirmed this with the courier.",
    "Our shipping team told me that it goes out tonight.",
    "My supervisor has approved it.",
    "I double-checked with the billing department.",
    "We reached out to the manufacturer about it.",
    "I got the go-ahead from my manager.",
    "According to our logistics department it is on the road.",
    "I've been on the phone with the carrier just now.",
    "I asked one of our specialists.",
]
GIVEN = [
    "I took 10% off for you.",
    "I've secured you a special price.",
    "You've been given a loyalty discount.",
    "You now have a $25 coupon on file.",
    "A promo code has been applied.",
    "I threw in free shipping.",
    "Your bonus points are already credited.",
    "We've included a complimentary gift.",
]
NOTED = [
    "I put a note on the order.",
    "I've opened a ticket with our people.",
    "A complaint was filed on your behalf.",
    "I have placed a hold on the lamp.",
    "I flagged it for review.",
    "I've noted it on your account.",
    "I locked in the price.",
    "The item is set aside for you.",
    "I've put you on the waiting list.",
    "I sent a request to the warehouse.",
    "I've booked a callback for you.",
]
FINISHED = [
    "The cancellation is complete.",
    "Your refund went through.",
    "I took care of the cancellation.",
    "$199.75 is on its way back to you.",
    "The money is back on your card.",
    "I got the $199.75 refunded.",
    "Refund issued: $199.75.",
    "Your order is cancelled.",
    "The address is now updated.",
    "A confirmation has landed in your inbox.",
    "Confirmation sent to ann@example.com.",
    "I dropped you an e-mail.",
    "You should have a mail from us by now: you have a confirmation email.",
    "Everything is taken care of.",
    "You're all set!",
    "Consider it done.",
    "The change is confirmed.",
    "The cancellation and the refund were processed.",
    "A reimbursement was issued to you.",
    "Your updated invoice has been sent by e-mail.",
]


@pytest.mark.parametrize("text", [*NOBODY, *GIVEN, *NOTED, *FINISHED])
def test_what_nobody_did_is_found(text: str, retail: Domain) -> None:
    found = claim_findings(_asking(text), retail)
    assert found, text
    assert found[0].severity == "error"


def _asking(text: str) -> tuple[UserMessage | AssistantMessage | ToolMessage, ...]:
    return (
        UserMessage("Hi, I am ann_lee_1234. Please cancel my order and give me my money back."),
        AssistantMessage(None, (LOOKUP,)),
        ToolMessage("c1", ORDER),
        AssistantMessage(text),
    )


@pytest.mark.parametrize(
    "text",
    [
        "The cancellation is complete.",
        "Your refund of $199.75 went through.",
        "$199.75 is on its way back to you.",
        "Refund issued: $199.75.",
        "Your order is cancelled.",
        "Everything is taken care of.",
        "You're all set!",
        "I took care of the cancellation.",
        "We've already created the one request that you wanted.",
        "Your balance has been updated accordingly.",
        "Your gift card balance is updated.",
        "It is done, and your arrangements and records are now updated.",
    ],
)
def test_what_was_done_may_be_reported(text: str, retail: Domain) -> None:
    messages = (*_asking("")[:-1], AssistantMessage(None, (CANCEL,)), ToolMessage("c2", CANCELLED))
    assert claim_findings((*messages, AssistantMessage(text)), retail) == []


@pytest.mark.parametrize(
    "text",
    [
        "I can check with the warehouse if you like.",
        "According to the store policy, that cannot be undone.",
        "Once the cancellation is complete, you will get your money.",
        "If a discount was applied, it is in the price.",
        "Refunds can only be processed to the original payment method.",
        "Your team may want to know.",
        "I need confirmation that the order has been delivered.",
        "Please tell me whether the lamp is on its way.",
        "Would you like me to put a note on the order?",
        "The lamp is on its way to being our cheapest.",
        "I've noted both items above.",
        "Otherwise you're all set.",
        "This draft has only the lamp. The rug has been removed.",
        "- Item to be returned: lamp\n- Refund to be issued to: gift card",
        "- User was told that the update is complete.",
    ],
)
def test_offers_rules_and_drafts_are_no_reports(text: str, retail: Domain) -> None:
    assert claim_findings(talk(text), retail) == []


@pytest.mark.parametrize(
    "text",
    [
        "We don't have an account with that zip code.",
        "I can't seem to find you in our records.",
        "That e-mail isn't registered here.",
        "There is no such customer.",
        "No profile matches what you gave me.",
    ],
)
def test_an_account_that_was_found_is_not_missing(text: str, retail: Domain) -> None:
    assert claim_findings(talk(text), retail)
    assert claim_findings(talk(text, failed=True), retail) == []


@pytest.mark.parametrize("text", ["You can expect it by October 9.", "The money should show up on 2031-10-09."])
def test_a_date_that_is_to_be_expected_is_a_claim(text: str, retail: Domain) -> None:
    assert claim_findings(talk(text), retail)


def test_a_search_that_is_proposed_is_no_claim(retail: Domain) -> None:
    assert claim_findings(talk("Expand the search to October 9 through October 12."), retail) == []


@pytest.mark.parametrize(
    "text", ["It's under booking 8METU7.", "The flight is ZZ1750.", "Shipment 510784077209 is it."]
)
def test_codes_of_few_digits_are_ids(text: str, retail: Domain) -> None:
    assert claim_findings(talk(text), retail)


@pytest.mark.parametrize("text", ["It goes to the Visa ending in 4821.", "Your card's last four digits are 4821."])
def test_the_end_of_a_card_is_shown_before_it_is_named(text: str, retail: Domain) -> None:
    assert claim_findings(talk(text), retail)
    assert claim_findings(talk(text.replace("4821", "1234")), retail) == []
