"""The phone's tools in words: what is asked for is heard, what is shown is told and heard again, and not mixed up."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from writ_domains.telecom import DOMAIN, TOOLS, USER_TOOLS
from writ_engines.scripted.agent_plan import ask_to_confirm
from writ_engines.scripted.agent_steps import ask_for_steps

from tests.support.shared_data import TAU2_DATA, needs_shared
from writ_async.api import load_tasks, run
from writ_async.core.acting import act
from writ_async.core.state import State
from writ_async.core.task import Action
from writ_async.core.user_actions import plain_report, readings_in
from writ_async.language.steps import deeds_claimed, instructions_in, readings_told
from writ_async.verify.user_steps import user_step_slips

ACTIONS = DOMAIN.user_actions
FORMS = 40
GIVEN: dict[str, list[dict[str, Any]]] = {
    "check_app_status": [{"app_name": "messaging"}, {"app_name": "browser"}],
    "check_app_permissions": [{"app_name": "messaging"}],
    "grant_app_permission": [
        {"app_name": "messaging", "permission": one} for one in ("sms", "storage", "network", "phone")
    ],
    "set_network_mode_preference": [{"mode": one} for one in ("4g_5g_preferred", "4g_only", "3g_only", "2g_only")],
}
LINE = {"customer_id": "C1001", "line_id": "L1002"}
WRITES = (
    Action("enable_roaming", LINE),
    Action("disable_roaming", LINE),
    Action("refuel_data", {**LINE, "gb_amount": 2.0}),
    Action("resume_line", LINE),
    Action("suspend_line", {**LINE, "reason": "lost"}),
    Action("send_payment_request", {"customer_id": "C1001", "bill_id": "B1"}),
)


def test_every_tool_of_the_user_has_its_words() -> None:
    assert [action.tool for action in ACTIONS] != []
    assert {action.tool for action in ACTIONS} == set(USER_TOOLS)
    for action in ACTIONS:
        assert set(action.arguments) <= set(USER_TOOLS[action.tool].accepted)
        assert not any(readings_told(form, ACTIONS) for form in action.done), "that it was done tells no value"
        assert (USER_TOOLS[action.tool].kind == "write") == bool(action.done) == bool(action.claimed)


@pytest.mark.parametrize("name", USER_TOOLS)
def test_however_a_step_is_asked_for_that_step_is_heard_and_no_other(name: str) -> None:
    for seed in range(FORMS):
        for arguments in GIVEN.get(name, [{}]):
            said = ask_for_steps((Action(name, arguments, "user"),), DOMAIN, Random(seed))
            heard = [(one.action.tool, one.arguments) for one in instructions_in(said, ACTIONS)]
            assert heard == [(name, arguments)], said


@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.name)
def test_what_an_agent_lays_out_to_do_itself_is_asked_of_nobody(write: Action) -> None:
    assert write.name in TOOLS
    for seed in range(FORMS * 2):
        said = ask_to_confirm(write, 0, DOMAIN, Random(seed)).text
        assert instructions_in(said, ACTIONS) == (), said


@pytest.mark.parametrize(
    ("said", "tools"),
    [
        ("Please turn Wi-Fi Calling off, then restart your phone.", ["toggle_wifi_calling", "reboot_device"]),
        ("Could you turn off data saver mode?", ["toggle_data_saver_mode"]),
        ("Please turn on data roaming in your settings.", ["toggle_roaming"]),
        ("Can you check if airplane mode is on?", ["check_network_status"]),
        ("I have enabled roaming on your line.", []),
        ("I'll refuel 2 GB of data for you.", []),
        ("What does the status bar show?", ["check_status_bar"]),
        ("Please run a speed test again and tell me the result.", ["run_speed_test"]),
        ("Once you have restarted the phone, please check your status bar.", ["check_status_bar"]),
        ("Please set your network mode to 4G/5G preferred.", ["set_network_mode_preference"]),
        ("Please disconnect your VPN.", ["disconnect_vpn"]),
        ("Your bill is overdue; I have sent you a payment request. Please check it and make the payment.",
         ["make_payment"]),
        ("Please remove your SIM card and insert it again.", ["reseat_sim_card"]),
    ],
)  # fmt: skip
def test_what_agents_ask_of_a_phone_is_heard(said: str, tools: list[str]) -> None:
    assert [one.action.tool for one in instructions_in(said, ACTIONS)] == tools


def test_what_a_tool_shows_is_heard_again_in_the_report_of_it() -> None:
    rng = Random(1)
    world = DOMAIN.generate(1, 20)
    writes = [action for action in ACTIONS if USER_TOOLS[action.tool].kind == "write"]
    seen: set[tuple[str, str]] = set()
    for _ in range(25):
        state = State(world)
        for _ in range(rng.randrange(6)):
            name = rng.choice(writes).tool
            act(
                DOMAIN,
                state,
                name,
                dict(GIVEN.get(name, [{"apn_settings": {}} if "set_apn" in name else {}])[0]),
                "user",
            )
        for action in ACTIONS:
            given = dict(GIVEN.get(action.tool, [{"apn_settings": {}} if "set_apn" in action.tool else {}])[0])
            content = act(DOMAIN, state.fork(), action.tool, given, "user").content
            shown = readings_in(action, content)
            report = plain_report(action, content)
            told = {(one.name, value) for one in readings_told(report, ACTIONS) for value in one.values}
            assert told == set(shown.items()), (content, report)
            assert [tool for tool, _ in deeds_claimed(report, ACTIONS)] == ([action.tool] if action.done else [])
            seen |= told
    assert len(seen) > 25


@needs_shared
def test_the_benchmarks_tasks_are_solved_by_an_agent_that_tells_the_user_what_to_do() -> None:
    tasks = load_tasks("tau2:telecom", data=str(TAU2_DATA))
    rows = run(tasks, "scripted", seed=3, data=str(TAU2_DATA))
    assert len(rows) == len(tasks) > 0
    for task, row in zip(tasks, rows, strict=True):
        assert row.verdict is not None
        assert row.verdict.reward.reward == 1, (row.id, row.verdict.reward)
        assert user_step_slips(task, row.messages, DOMAIN) == []
