"""A benchmark's tasks are played on its own terms where its texts are there, and it is said where they are not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

import anyio
import msgspec
import pytest

from tests.support.chat_double import Answer, Asked, chat, said, serve
from tests.support.recorded_prompts import ALL_DOMAINS, recorded, write_kit
from tests.support.shared_data import TAU2_DATA, needs_shared
from writ_async.commands.eval import EvalConfig, evaluate
from writ_async.commands.replay import replay_run
from writ_async.conversation import Rules
from writ_async.core.message import AssistantMessage, FunctionCall, ToolCall
from writ_async.core.trajectory import Termination
from writ_async.errors import InputError
from writ_async.runs.benchmark_terms import find_terms, name_on, remark_on_seats
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.view import RunView

pytestmark = needs_shared
DATA = str(TAU2_DATA)
Answering = Callable[[Asked], Answer]


def agent_and_user(url: str, **options: object) -> Seats:
    """Two models of one server."""
    return Seats(
        EngineSpec("openai", {"url": url, "model": "agent", **options}),
        EngineSpec("openai", {"url": url, "model": "user", **options}),
    )


def play(
    config: EvalConfig, out: Path, answer: Answering = lambda _: said("###STOP###"), **options: object
) -> list[Asked]:
    """An evaluation with two models of a double, which stop at once or answer as they are told; what it was asked."""

    async def go() -> list[Asked]:
        async with serve(answer) as double:
            seats = agent_and_user(double.url, **options)
            await evaluate(msgspec.structs.replace(config, seats=seats), out, data=DATA)
            return double.asked

    return anyio.run(go)


@pytest.fixture
def kit(tmp_path: Path) -> str:
    return str(write_kit(tmp_path / "kit.json"))


@pytest.mark.parametrize("domain", ALL_DOMAINS)
def test_both_models_are_told_what_the_benchmark_tells_them(domain: str, kit: str, tmp_path: Path) -> None:
    wanted = recorded(domain)

    def answer(asked: Asked) -> Answer:
        return said("Hello." if len(asked.body["messages"]) < 3 else "###STOP###")

    asked = play(EvalConfig(tasks=(f"tau2:{domain}",), prompts=kit), tmp_path / "run", answer)
    agents = [one for one in asked if one.body["model"] == "agent"]
    told = {one.body["messages"][0]["content"] for one in asked if one.body["model"] == "user"}
    assert {one.body["messages"][0]["content"] for one in agents} == {wanted["agent_system"]}
    schemas = json.dumps(wanted["agent_tools"], separators=(",", ":"), ensure_ascii=False).encode()
    assert all(b'"tools":' + schemas + b"," in one.raw for one in agents)
    assert len(wanted["user_system"]) >= 12
    assert set(wanted["user_system"].values()) <= told
    users = [one for one in asked if one.body["model"] == "user"]
    in_hand = json.dumps(wanted["user_tools"], separators=(",", ":"), ensure_ascii=False).encode()
    given = b'"tools":' + in_hand + b","
    assert all(given in one.raw if wanted["user_tools"] else "tools" not in one.body for one in users)
    seed = Random(300).randint(0, 1_000_000)
    assert {(one.body["temperature"], one.body["seed"], one.body.get("tool_choice")) for one in agents} == {
        (0.0, seed, "auto")
    }


def test_each_trial_has_the_seed_that_the_benchmarks_runner_draws(kit: str, tmp_path: Path) -> None:
    config = EvalConfig(tasks=("tau2:retail",), limit=2, trials=3, prompts=kit)
    asked = play(config, tmp_path / "run")
    drawing = Random(300)
    assert {one.body["seed"] for one in asked} == {drawing.randint(0, 1_000_000) for _ in range(3)}
    asked = play(EvalConfig(tasks=("tau2:retail",), limit=1, prompts=kit, seed=7), tmp_path / "other")
    assert {one.body["seed"] for one in asked} == {Random(7).randint(0, 1_000_000)}


def test_what_somebody_asks_for_goes_before_the_benchmarks(kit: str, tmp_path: Path) -> None:
    asked = play(EvalConfig(tasks=("tau2:retail",), limit=1, prompts=kit), tmp_path / "run", temperature="0.7")
    assert {one.body["temperature"] for one in asked} == {0.7}


def test_the_run_says_on_whose_terms_it_was_played_and_replays_without_the_kit(kit: str, tmp_path: Path) -> None:
    play(EvalConfig(tasks=("tau2:retail",), limit=1, prompts=kit), tmp_path / "run")
    run = RunView.open(tmp_path / "run")
    assert run.manifest.config["prompts"] == "tau2 1.0.1"
    assert run.manifest.config["seed"] == 300
    (prompt,) = run.prompts().values()
    assert prompt.system == recorded("retail")["agent_system"]
    assert list(prompt.tools) == recorded("retail")["agent_tools"]
    Path(kit).unlink()
    assert replay_run(tmp_path / "run", data=DATA).mismatches == []


def test_a_run_that_asks_otherwise_says_that_its_terms_are_changed(kit: str) -> None:
    terms, _ = find_terms(("tau2:retail",), kit, DATA)
    assert terms is not None
    theirs = Rules(agent_prompt=terms.prompts["agent"].strip(), user_prompt=terms.prompts["user"].strip())
    assert name_on(Rules(), terms, own_tools=False) == name_on(theirs, terms, own_tools=False) == "tau2 1.0.1"
    for rules in (Rules(agent_prompt="{policy}"), Rules(user_prompt="{scenario}"), Rules(greeting="Yes?"),
                  Rules(user_retries=1)):  # fmt: skip
        assert name_on(rules, terms, own_tools=False) == "changed tau2 1.0.1"
    assert name_on(Rules(), terms, own_tools=True) == "changed tau2 1.0.1"


@pytest.mark.parametrize("arguments", ["{", "[1]", '"W1"'])
def test_arguments_that_cannot_be_read_are_asked_for_again_and_then_are_the_servers_failure(
    arguments: str, kit: str, tmp_path: Path
) -> None:
    broken = AssistantMessage(None, (ToolCall("c", FunctionCall("get_user_details", arguments)),))

    def answer(asked: Asked) -> Answer:
        return chat(broken) if asked.body["model"] == "agent" else said("Hello.")

    asked = play(EvalConfig(tasks=("tau2:retail",), limit=1, prompts=kit), tmp_path / "run", answer)
    assert sum(one.body["model"] == "agent" for one in asked) == 4
    run = RunView.open(tmp_path / "run")
    assert list(run.trajectories()) == []
    assert [row.termination for row in run.failures()] == [Termination.INFRASTRUCTURE_ERROR]
    assert "not a JSON object" in next(run.failures()).error


def test_where_its_texts_are_not_the_prompts_are_ours_and_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TAU2_KIT", raising=False)
    terms, note = find_terms(("tau2:retail",), "", DATA)
    assert terms is None
    assert note.startswith("the prompts are our own, so scores do not compare with those of tau2")
    assert "\n" not in note
    with pytest.raises(InputError, match="TAU2_KIT"):
        find_terms(("tau2:retail",), "tau2", DATA)
    asked = play(EvalConfig(tasks=("tau2:retail",), limit=1), tmp_path / "run")
    assert asked[0].body["messages"][0]["content"].startswith("You play a customer")
    config = RunView.open(tmp_path / "run").manifest.config
    assert (config["seed"], "prompts" in config) == (0, False)  # as in runs that were made before there was a choice
    assert find_terms(("tau2:retail",), "writ", DATA)[1].startswith("the prompts are our own")


def test_a_kit_that_the_variable_names_is_taken_without_a_word(kit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAU2_KIT", kit)
    terms, note = find_terms(("tau2:retail", "tau2:airline"), "", DATA)
    assert (terms and terms.version, note) == ("1.0.1", "")
    monkeypatch.setenv("TAU2_KIT", kit + "x")
    with pytest.raises(InputError, match="TAU2_KIT"):
        find_terms(("tau2:retail",), "tau2", DATA)


def test_the_scripted_user_plays_a_benchmarks_tasks_whatever_slips_it_is_to_make(tmp_path: Path) -> None:
    seats = Seats(EngineSpec("scripted"), EngineSpec("scripted", {"user_mistakes": "0.9"}))
    config = EvalConfig(tasks=("tau2:retail",), limit=3, seats=seats)
    anyio.run(lambda: evaluate(config, tmp_path / "run", data=DATA))
    assert {row.termination for row in RunView.open(tmp_path / "run").ordered()} == {Termination.USER_STOP}


def test_tasks_of_others_are_never_played_on_a_benchmarks_terms(kit: str, tmp_path: Path) -> None:
    for folder in (str(tmp_path), "tau2"):
        assert find_terms((folder,), "", DATA) == (None, "")
    assert "not all tasks" in find_terms(("tau2:retail", str(tmp_path)), "", DATA)[1]
    with pytest.raises(InputError, match="all tasks have to be of one benchmark"):
        find_terms(("tau2:retail", str(tmp_path)), kit, DATA)
    with pytest.raises(InputError, match="neither writ nor tau2"):
        find_terms(("tau2:retail",), "nonsense", DATA)


def test_the_user_is_named_and_one_model_in_both_seats_is_remarked_on(kit: str, tmp_path: Path) -> None:
    both = agent_and_user("http://127.0.0.1:9/v1")
    alone = EvalConfig(tasks=("tau2:retail",), prompts=kit, seats=Seats(both.agent))
    with pytest.raises(InputError, match="--user-engine"):
        anyio.run(lambda: evaluate(alone, tmp_path / "run", data=DATA))
    assert not (tmp_path / "run").exists()
    assert remark_on_seats(both) == ""
    assert "one model" in remark_on_seats(Seats(both.agent, both.agent))
    assert remark_on_seats(Seats(EngineSpec("scripted"), EngineSpec("scripted"))) == ""
