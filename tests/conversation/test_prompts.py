from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from writ_domains.tau2.prompts import read_template

from tests.support.shared_data import TAU2_DATA, needs_shared
from writ_async.cli import main
from writ_async.commands.synth import SynthConfig, synth
from writ_async.conversation.prompts import (
    AGENT_TEMPLATE,
    USER_TEMPLATE,
    agent_system_prompt,
    check_agent_template,
    check_user_template,
    user_system_prompt,
)
from writ_async.conversation.rules import Rules
from writ_async.core.behaviour import Behaviour
from writ_async.core.task import Scenario
from writ_async.errors import InputError
from writ_async.runs.prompt_templates import load_template
from writ_async.runs.view import RunView

SCENARIO = Scenario(reason_for_call="You want the lamp\nsent back.", known_info="Your name is Ada Byron.")
MANNER = Behaviour(instruction="You ramble.")
SOURCE = '''"""An agent."""
OTHER = 1
AGENT_INSTRUCTION = """
Help the customer with {care}.
""".strip()
'''


def test_what_is_put_in_is_not_looked_through_for_fields() -> None:
    assert agent_system_prompt("Say {policy} and {goal}.", "[{policy}]").content == "[Say {policy} and {goal}.]"
    told = Scenario(reason_for_call="You want {manner}.")
    assert user_system_prompt(told, MANNER, "<{scenario}> {manner}").content.startswith(
        "<Why you write:\n\tYou want {manner}.> <manner>"
    )


@given(st.text(), st.text(max_size=40))
def test_a_policy_stands_in_the_prompt_as_it_is(policy: str, other: str) -> None:
    template = other.replace("{", "(") + "{policy}"
    assert agent_system_prompt(policy, template).content == other.replace("{", "(") + policy


def test_the_goal_is_said_once_more_at_the_end_and_the_rules_come_first_for_the_prefix_cache() -> None:
    told = user_system_prompt(SCENARIO, MANNER).content
    assert told.index("<scenario>") > told.index("Rules:")
    assert told.rindex("You want the lamp sent back.") > told.index("</manner>")
    head = USER_TEMPLATE.partition("{")[0]
    assert user_system_prompt(Scenario(reason_for_call="Another.")).content.startswith(head)
    assert told.startswith(head)


def test_a_manner_is_told_by_a_template_that_has_no_place_for_it() -> None:
    told = user_system_prompt(SCENARIO, MANNER, "Play.\n{scenario}\n###STOP###").content
    assert "You ramble." in told
    assert "{" not in told


def test_our_own_templates_pass_their_check() -> None:
    assert check_agent_template(AGENT_TEMPLATE, "ours") == AGENT_TEMPLATE
    assert check_user_template(USER_TEMPLATE, "ours") == USER_TEMPLATE


@pytest.mark.parametrize(
    ("text", "wanted"), [("Play well. ###STOP###", "{scenario}"), ("Play {scenario} to the end.", "###STOP###")]
)
def test_a_users_template_needs_the_scenario_and_a_way_to_end(tmp_path: Path, text: str, wanted: str) -> None:
    (tmp_path / "user.txt").write_text(text)
    with pytest.raises(InputError, match=wanted.replace("{", r"\{").replace("}", r"\}")):
        load_template("user", str(tmp_path / "user.txt"))


def test_prompts_of_a_file_are_told_and_kept_with_the_run(tmp_path: Path) -> None:
    file = tmp_path / "agent.txt"
    file.write_text("Work well.\n{policy}\n")
    rules = Rules(agent_prompt=load_template("agent", str(file)), max_steps=100)
    config = SynthConfig(domains=("retail",), n=2, world_size=20, rules=rules)
    anyio.run(lambda: synth(config, tmp_path / "run"))
    view = RunView.open(tmp_path / "run")
    prompt = view.prompts()["retail"]
    assert prompt.system == f"Work well.\n{prompt.policy}"
    assert view.manifest.config["rules"]["agent_prompt"] == "Work well.\n{policy}"
    assert "user_prompt" not in view.manifest.config["rules"], "what is ours is not written down"


def test_a_prompt_that_is_not_there_gets_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["synth", "retail", "--n", "1", "--agent-prompt", "nowhere.txt", "--out", str(tmp_path / "run")])
    assert code == 2
    assert "--agent-prompt: there is no file 'nowhere.txt'; give one, or a name: writ, tau2" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@needs_shared
def test_a_benchmarks_users_are_told_what_its_own_users_are() -> None:
    template = load_template("user", "tau2", str(TAU2_DATA))
    assert template.startswith("# User Simulation Guidelines")
    assert template.endswith("<scenario>\n{scenario}\n</scenario>")
    with pytest.raises(InputError, match="give the checkout as --data, or a file with the prompt"):
        load_template("agent", "tau2", str(TAU2_DATA))


def test_a_benchmarks_agents_are_told_what_stands_in_its_source_which_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "src/tau2/agent").mkdir(parents=True)
    (tmp_path / "data/tau2").mkdir(parents=True)
    file = tmp_path / "src/tau2/agent/llm_agent.py"
    file.write_text(f"{SOURCE}\nraise SystemExit\n")
    told = read_template("agent", tmp_path / "data")
    assert told == "<instructions>\nHelp the customer with {care}.\n</instructions>\n<policy>\n{policy}\n</policy>"
    assert read_template("agent", tmp_path) == told
    file.write_text("AGENT_INSTRUCTION = make()\n")
    with pytest.raises(InputError, match="has no text AGENT_INSTRUCTION"):
        read_template("agent", tmp_path)
