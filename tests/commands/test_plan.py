import pytest

from writ_async.commands.plan import PlanConfig, plan_run
from writ_async.errors import InputError


def test_a_plan_compares_settings_and_is_the_same_every_time() -> None:
    config = PlanConfig(domains=("retail",), n=24, world_size=60, fixed=(4,), options={"kv_tokens": "40000"})
    outcomes = plan_run(config)
    assert [outcome.admission for outcome in outcomes] == ["kv-budget", "fixed 4", "unbounded"]
    assert len({outcome.prompt_tokens for outcome in outcomes}) == 1
    for outcome in outcomes:
        assert outcome.conversations_per_hour > 0
        assert outcome.prefill_share + outcome.decode_share + outcome.idle_share == pytest.approx(1.0)
        assert outcome.base_share < outcome.decode_share
    assert outcomes == plan_run(config)


def test_a_machine_that_is_not_known_is_refused() -> None:
    with pytest.raises(InputError, match="known: qwen3-4b on"):
        plan_run(PlanConfig(domains=("retail",), n=2, world_size=60, options={"gpu": "abacus"}))
