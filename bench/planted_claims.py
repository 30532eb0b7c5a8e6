"""Claims that are not so, planted into conversations one at a time, and how many of each kind the verifier names.

    python bench/planted_claims.py [--n 20] [--seed 1] [--half looked_at|held_out|both] [--real DIR] [--true]
        [--listed] [--json FILE]

A sentence of `planted_claims.toml` is put into one of the agent's messages: what stands in it in braces is taken from
what the tools had shown by then, and made wrong. Conversations are the scripted agent's, or, with `--real`, those that
models had (τ-bench and τ²-bench files). What is planted counts as named where a finding quotes it. The last line counts
the findings on the same conversations as they are: for the scripted agent's there should be none. With `--true` the
sentences are filled with what was shown, so that none of them should be named.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from string import Formatter
from tomllib import loads
from typing import Any, Final

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from bench.labels import Score
from bench.report import Figure, make_parser, run_script, show_figures, write_json
from writ_async import AssistantMessage, Message, UserMessage, load_domain, make_tasks, run
from writ_async.conversation.calls import walk_calls
from writ_async.formats.foreign import BadRow, read_foreign
from writ_async.verify.claims import claim_findings

KINDS: Final[dict[str, dict[str, list[str]]]] = loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
"""By domain and kind the sentences."""
SHOWN: Final = frozenset(
    {
        *("price", "total", "balance", "status", "count", "items", "available", "address"),
        *("fare", "time", "passengers", "bags", "insurance", "membership", "cabin"),
    }
)
"""The kinds that can be made so from what records show."""
HALVES: Final = ("looked_at", "held_out", "both")
_STATUSES: Final = ("pending", "processed", "delivered", "cancelled")
_FLIGHT_STATUSES: Final = ("on time", "delayed", "cancelled", "flying", "landed")
_CABINS: Final = {"basic_economy": "basic economy", "economy": "economy class", "business": "business class"}
_TRIES: Final = 12

Conversation = tuple[str, tuple[Message, ...]]
"""The name of the domain and the messages."""


class Seen:
    """What the tools had shown of each kind of record before a place in a conversation."""

    def __init__(self, messages: Sequence[Message], place: int) -> None:
        self.text = " ".join(str(message.content or "") for message in messages[:place]).casefold()
        self.heard = " ".join(str(m.content or "") for m in messages[:place] if isinstance(m, UserMessage)).casefold()
        self.orders: dict[str, dict[str, Any]] = {}
        self.users: dict[str, dict[str, Any]] = {}
        self.variants: dict[str, dict[str, Any]] = {}
        self.reservations: dict[str, dict[str, Any]] = {}
        self.flights: dict[str, list[dict[str, Any]]] = {}
        for step in walk_calls(messages[:place]):
            if step.result is None or step.result.error or step.by_user:
                continue
            try:
                self._take(msgspec.json.decode(step.result.content))
            except msgspec.DecodeError:
                continue

    def _take(self, value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                self._take(item)
        if not isinstance(value, dict):
            return
        if "order_id" in value:
            self.orders[value["order_id"]] = value
        elif "payment_methods" in value:
            self.users[str(value.get("user_id", value.get("email")))] = value
        elif "reservation_id" in value:
            self.reservations[value["reservation_id"]] = value
        elif "variants" in value:
            self.variants |= value["variants"]
        elif "prices" in value and "flight_number" in value:
            self.flights.setdefault(value["flight_number"], []).append(value)


def slots(domain: str, kind: str, seen: Seen, draw: Random, *, so: bool = False) -> dict[str, str] | None:
    """What fills the braces of a kind's sentences so that they are wrong, or `so`; None where it lacks something."""
    digits = f"{draw.randrange(1000, 9999)}"
    filled = {
        "number": f"{draw.randrange(10**6, 10**7)}",
        "tracking": f"{draw.randrange(10**11, 10**12)}",
        "code": "".join(draw.choice("ABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(4)) + "7Q",
        "digits": digits,
        "date": f"{draw.choice(('January', 'March', 'August', 'October'))} {draw.randrange(2, 28)}",
        "address": f"{draw.randrange(100, 999)} {draw.choice(('Birchwood', 'Harbour', 'Quarry'))} Road, Springfield",
        "time": f"{draw.randrange(6, 23)}:{draw.choice(('05', '25', '40', '55'))}",
    }
    order = draw.choice(list(seen.orders.values())) if seen.orders else None
    user = draw.choice(list(seen.users.values())) if seen.users else None
    booked = draw.choice(list(seen.reservations.values())) if seen.reservations else None
    flight = draw.choice(list(seen.flights)) if seen.flights else ""
    if order is not None:
        item = draw.choice(order["items"])
        filled |= {"order": order["order_id"], "item": item["name"]}
        filled["status"] = draw.choice([word for word in _STATUSES if word not in order["status"]])
    if booked is not None:
        filled["reservation"] = booked["reservation_id"]
        insured = booked["insurance"] != "yes"
        filled |= {
            "cabin": draw.choice([told for name, told in _CABINS.items() if name != booked["cabin"]]),
            "has_insurance": "has travel insurance" if insured else "has no travel insurance",
            "with_insurance": "with travel insurance" if insured else "without travel insurance",
            "is_insured": "is insured" if insured else "is not insured",
            "insured": "yes" if insured else "no",
        }
    if flight:
        filled |= {"flight": flight, "status": draw.choice(_FLIGHT_STATUSES[1:])}
    if seen.variants:
        filled["variant"] = draw.choice(sorted(seen.variants))
        filled["availability"] = "out of stock" if seen.variants[filled["variant"]]["available"] else "available"
    if user is not None and "membership" in user:
        others = [level for level in ("regular", "silver", "gold") if level != user["membership"]]
        filled["membership"] = draw.choice(others)
    numbers = _numbers(kind, order, booked, user, flight, seen)
    if numbers is None:
        return None
    if so:
        del filled["address"], filled["time"]  # Made up.
        amount = draw.choice(numbers) if numbers else 0
        filled |= _as_shown(
            order, booked, user, seen.flights.get(flight, []), seen.variants.get(filled.get("variant", ""))
        )
        filled |= {"count": str(int(amount)), "amount": f"{amount:,.0f}" if domain == "airline" else f"{amount:,.2f}"}
    elif numbers:
        filled["amount"] = _wrong_amount(draw.choice(numbers), domain, draw)
        filled["count"] = str(int(numbers[0]) + draw.choice((1, 2, 3)))
    return filled


def _as_shown(
    order: dict[str, Any] | None,
    booked: dict[str, Any] | None,
    user: dict[str, Any] | None,
    flights: Sequence[dict[str, Any]],
    variant: dict[str, Any] | None,
) -> dict[str, str]:
    """What fills the braces so that the sentences are as the records are."""
    filled = {}
    if order is not None:
        filled["status"] = order["status"].split(" (")[0]
        filled["address"] = "{address1}, {city}, {state} {zip}".format(**order["address"])
    if booked is not None:
        insured = booked["insurance"] == "yes"
        filled |= {
            "cabin": _CABINS[booked["cabin"]],
            "has_insurance": "has travel insurance" if insured else "has no travel insurance",
            "with_insurance": "with travel insurance" if insured else "without travel insurance",
            "is_insured": "is insured" if insured else "is not insured",
            "insured": "yes" if insured else "no",
        }
    if flights:
        filled["time"] = flights[-1]["scheduled_departure_time_est"][:5]
        filled["status"] = "on time"
    if variant is not None:
        filled["availability"] = "available" if variant["available"] else "out of stock"
    if user is not None and "membership" in user:
        filled["membership"] = user["membership"]
    return filled


def _numbers(
    kind: str,
    order: dict[str, Any] | None,
    booked: dict[str, Any] | None,
    user: dict[str, Any] | None,
    flight: str,
    seen: Seen,
) -> list[float] | None:
    """The true numbers of a kind, from which a wrong one is made; None where it lacks any."""
    if kind in ("price", "refund_to_come", "refund_done") and order is not None:
        return [item["price"] for item in order["items"]]
    if kind == "total" and order is not None:
        return [order["payment_history"][0]["amount"]]
    if kind in ("total", "refund_to_come", "refund_done") and booked is not None:
        return [booked["payment_history"][0]["amount"]]
    if kind == "balance":
        methods = user["payment_methods"].values() if user else []
        return [m.get("balance", m.get("amount")) for m in methods if m["source"] == "gift_card"] or None
    if kind == "items" and order is not None:
        return [len(order["items"])]
    if kind == "count" and user is not None:
        return [len(user.get("orders", user.get("reservations", ())))]
    if kind == "passengers" and booked is not None:
        return [len(booked["passengers"])]
    if kind == "bags" and booked is not None:
        return [booked["total_baggages"]]
    if kind == "fare" and flight:
        return [fare for record in seen.flights[flight] for fare in record["prices"].values()]
    needs = ("price", "total", "refund_to_come", "refund_done", "items", "count", "passengers", "bags", "fare")
    return None if kind in needs else []


def _wrong_amount(true: float, domain: str, draw: Random) -> str:
    factor = draw.choice((draw.uniform(0.55, 0.95), draw.uniform(1.05, 1.6)))
    wrong = max(3.0, true * factor) + 1
    return f"{round(wrong):,}" if domain == "airline" else f"{wrong:,.2f}"


def plant(
    conversation: Conversation, kind: str, form: str, draw: Random, *, so: bool = False
) -> tuple[tuple[Message, ...], int, str] | None:
    """The messages with a sentence put into one of the agent's, its place and the sentence; None where none fits."""
    name, messages = conversation
    places = [
        place
        for place, message in enumerate(messages)
        if isinstance(message, AssistantMessage) and message.content and not message.tool_calls and place > 1
    ]
    wanted = {field for _, field, _, _ in Formatter().parse(form) if field}
    for _ in range(_TRIES if places else 0):
        place = draw.choice(places)
        seen = Seen(messages, place)
        filled = slots(name, kind, seen, draw, so=so)
        if filled is None or not wanted <= set(filled):
            continue
        lie = form.format(**filled)
        if not so and _may_be_true(kind, filled, wanted, seen):
            continue
        message = messages[place]
        assert isinstance(message, AssistantMessage)
        text = message.content or ""
        joint = " " if lie.endswith(".") else "\n"
        told = draw.choice((f"{text}{joint}{lie}", f"{lie}{joint}{text}", f"{text}\n\n- **{lie}**", f"{text}\n\n{lie}"))
        if text.lstrip()[:1] in ("{", "["):
            told = f"{lie}\n{text}"
        changed = msgspec.structs.replace(message, content=told)
        return (*messages[:place], changed, *messages[place + 1 :]), place, lie
    return None


def _may_be_true(kind: str, filled: dict[str, str], wanted: set[str], seen: Seen) -> bool:
    """Whether what makes a sentence wrong was shown or said after all."""
    if kind == "lookup":
        return "not found" in seen.text or "error" in seen.text
    if kind == "deed":
        return "updat" in seen.text
    made_up = {"tracking", "number", "code", "digits", "date", "address", "amount", "time"} & wanted
    if any(re.search(rf"(?<!\d){re.escape(filled[slot].replace(',', ''))}(?!\d)", seen.text, re.I) for slot in made_up):
        return True
    if kind == "reservation_status":
        return "cancelled" in seen.text
    return kind == "status" and "status" in wanted and filled["status"] in seen.text


def scripted(count: int, seed: int) -> list[Conversation]:
    """Conversations of the scripted agent, half of each domain."""
    return [
        (name, row.messages)
        for name in KINDS
        for row in run(make_tasks(name, count, seed=seed, world_size=300), "scripted", seed=seed)
    ]


def real(folder: str) -> Iterator[Conversation]:
    """The conversations in the files of a folder that are named after a domain."""
    for path in sorted(Path(folder).glob("*.json.gz")):
        name = next((name for name in KINDS if name in path.name), "")
        if name:
            yield from ((name, row.messages) for row in read_foreign(path) if not isinstance(row, BadRow))


def measure(
    rows: Sequence[Conversation], count: int, seed: int, half: str, *, so: bool = False
) -> tuple[list[Score], list[str]]:
    """What was planted and named of each kind and domain, `count` of each, and what was judged wrongly.

    Where what is planted is `so`, the kinds that records show are taken alone.
    """
    scores, missed = [], []
    for name, kinds in KINDS.items():
        domain, own = load_domain(name), [row for row in rows if row[0] == name]
        for kind, forms in kinds.items():
            if so and kind not in SHOWN:
                continue
            draw, entry = Random(f"{seed}/{name}/{kind}"), Score(f"{name} {kind}")
            chosen = forms[HALVES.index(half) :: 2] if half != "both" else forms
            for number in range(4 * count if own else 0):
                planted = plant(draw.choice(own), kind, chosen[number % len(chosen)], draw, so=so)
                if planted is None or entry.judged >= count:
                    continue
                messages, place, lie = planted
                named = any(
                    finding.message == place and finding.severity != "remark" and lie.rstrip(".") in finding.detail
                    for finding in claim_findings(messages[: place + 1], domain)
                )
                entry.add(named, due=not so)
                if named == so:
                    missed.append(f"{entry.name}: {lie}")
            scores.append(entry)
    return scores, missed


def planted_table(scores: Sequence[Score]) -> Table:
    """What was planted and named of each kind."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=f"{sum(item.judged for item in scores):,} claims")
    for heading in ("claim", "planted", "named", "share"):
        table.add_column(heading, justify="left" if heading == "claim" else "right")
    for item in scores:
        table.add_row(item.name, f"{item.judged:,}", f"{item.named:,}", f"{item.named / max(item.judged, 1):.2f}")
    return table


def main(arguments: list[str]) -> None:
    """Plant, and print how many were named."""
    parser = make_parser(__doc__, n=20, of="wrong claims of each kind and domain")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--half", choices=HALVES, default="both", help="which of the sentences (both)")
    parser.add_argument("--real", default="", help="the folder of conversations that models had")
    parser.add_argument("--true", action="store_true", help="plant what is so")
    parser.add_argument("--listed", action="store_true", help="print what was judged wrongly")
    options = parser.parse_args(arguments)
    rows = list(real(options.real)) if options.real else scripted(4 * options.n, options.seed)
    scores, missed = measure(rows, options.n, options.seed, options.half, so=options.true)
    console = Console(width=100, highlight=False)
    console.print(planted_table(scores))
    if options.listed:
        console.print("\n".join(missed), markup=False)
    domains = {name: load_domain(name) for name in KINDS}
    clean = sum(len(claim_findings(messages, domains[name])) for name, messages in rows)
    judged, named = sum(item.judged for item in scores), sum(item.named for item in scores)
    figures = [
        Figure(
            f"share of the {'true' if options.true else 'wrong'} claims that is named",
            named / judged if judged else 0.0,
        ),
        Figure(f"findings on the {len(rows):,} conversations as they are", clean),
    ]
    show_figures(figures)
    write_json(options.json, figures, scores=scores)


if __name__ == "__main__":
    sys.exit(run_script(main))
