"""What is read of a conversation is read once: the work grows with its messages, whatever the number of its writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from writ_async.conversation.calls import executed_calls
from writ_async.core.domain import Domain
from writ_async.core.environment import Environment
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage, make_call
from writ_async.core.task import Scenario, Task, WorldRef
from writ_async.language import hearing
from writ_async.language.sentences import sentences_in
from writ_async.verify import spoken
from writ_async.verify.confirming import Dialogue, clauses, shown, turns
from writ_async.verify.evidence import write_evidence


def talk(orders: int, writes: int) -> list[Message]:
    """A conversation about so many orders, each read, spoken of and agreed to; the first of them are cancelled."""
    messages: list[Message] = []
    for number in range(orders):
        order = f"#W{5000 + 37 * number}"
        text = msgspec.json.encode(record(order, number)).decode()
        messages += [
            UserMessage(
                f"Now please cancel {order}. I ordered it by mistake {number} days ago, on May {1 + number % 28}."
            ),
            *call(f"r{number}", "get_order_details", {"order_id": order}, text),
            AssistantMessage(
                f"I found order {order}. It holds {number + 2} lamps for ${20 + number}.50.\n"
                f"- cancel order {order}, reason: ordered by mistake\nShall I go ahead with {order} (yes/no)?"
            ),
            UserMessage(f"Yes, please. That is number {number}."),
        ]
        if number < writes:
            arguments = {"order_id": order, "reason": "ordered by mistake"}
            messages += call(f"w{number}", "cancel_pending_order", arguments, text)
            messages.append(AssistantMessage(f"Order {order} is cancelled. What is next after {number}?"))
        else:
            messages.append(AssistantMessage(f"It is noted, as number {number}. What is next?"))
    return messages


def call(name: str, tool: str, arguments: dict[str, Any], text: str) -> list[Message]:
    return [AssistantMessage(None, (make_call(name, tool, arguments),)), ToolMessage(name, text)]


def record(order: str, number: int) -> dict[str, Any]:
    items = [{"name": f"Lamp {kind}", "item_id": f"{number}{kind}77", "price": 20.5} for kind in range(3)]
    payment = [{"payment_method_id": "gift_card_1"}]
    return {"order_id": order, "user_id": "ann_lee_1", "status": "pending", "items": items, "payment_history": payment}


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Counter[str]]:
    """Counts how often texts are heard, cut, decoded and read for dates while a function works, with empty caches."""
    done: Counter[str] = Counter()

    def watch(module: Any, name: str) -> None:
        function = getattr(module, name)

        def counted(*given: Any) -> Any:
            done[name] += 1
            return function(*given)

        monkeypatch.setattr(module, name, counted)

    watch(hearing, "acts_of")
    watch(clauses, "sentence_texts")
    watch(turns, "sentence_texts")
    watch(shown, "_Result")
    watch(spoken, "days_in")

    def measured(work: Callable[[], object]) -> Counter[str]:
        hearing.waits_for_answer.cache_clear()
        hearing.hear.cache_clear()
        clauses.sentences.cache_clear()
        done.clear()
        work()
        return done.copy()

    return measured


def evidence_of(messages: list[Message], environment: Environment) -> Callable[[], object]:
    domain = environment.domain
    task = Task(id="t", domain=domain.name, kind="benchmark", world=WorldRef(domain.name), scenario=Scenario(""))
    return lambda: list(write_evidence(task, messages, domain))


def test_work_grows_with_the_messages(count: Callable[..., Counter[str]], retail_environment: Environment) -> None:
    small = count(evidence_of(talk(10, 10), retail_environment))
    large = count(evidence_of(talk(40, 40), retail_environment))
    assert set(small) >= {"acts_of", "sentence_texts", "_Result"}
    for what, times in large.items():
        assert times <= 4.2 * small[what], (what, times, small[what])


def test_no_text_is_heard_twice(count: Callable[..., Counter[str]], retail_environment: Environment) -> None:
    messages = talk(30, 30)
    agents = [one.content for one in messages if isinstance(one, AssistantMessage) and one.content]
    users = [one.content for one in messages if isinstance(one, UserMessage) and one.content]
    results = sum(isinstance(one, ToolMessage) for one in messages)
    done = count(evidence_of(messages, retail_environment))
    assert done["acts_of"] <= sum(len(sentences_in(text)) for text in agents)
    assert done["sentence_texts"] <= 3 * len(users)
    assert done["_Result"] <= results
    assert done["days_in"] <= len(users) + len(agents)


def test_more_writes_need_no_more_reading(count: Callable[..., Counter[str]], retail_environment: Environment) -> None:
    def confirmations(last: int) -> Callable[[], object]:
        domain: Domain = retail_environment.domain
        writes = [one for one in executed_calls(messages, domain.tools) if one.kind == "write"]

        def work() -> None:
            dialogue = Dialogue(messages, writes, domain)
            for write in writes[-last:]:
                dialogue.confirmation(write)

        return work

    messages = talk(30, 30)
    one, all_of_them = count(confirmations(1)), count(confirmations(30))
    # The last write looks back at what was said of the others; each has but its own question and answer to be heard.
    assert all_of_them["acts_of"] <= one["acts_of"] + 4 * 30
    assert all_of_them["_Result"] <= 2 * 30
    assert all_of_them["sentence_texts"] <= one["sentence_texts"] + 4 * 30
