"""Rules of filters: by default every marred turn drops its row; by rule it stays, and nobody learns from that turn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from tests.formats.test_export import make_run
from tests.support.samples import TALK, task, trajectory
from writ_async.cli import main
from writ_async.commands.export import export_rows
from writ_async.commands.synth import SynthConfig, synth
from writ_async.core.message import AssistantMessage, Message, UserMessage
from writ_async.core.trajectory import Finding, Reward, TokenSequence, Trajectory, Verdict
from writ_async.curation.filters import failed_filter, pass_filters, reason_names
from writ_async.curation.rules import STRICT, FilterRules, parse_filter_rules
from writ_async.errors import InputError
from writ_async.formats.export import FORMATS, Exported, format_named
from writ_async.runs.row_selection import rules_of, selection_of
from writ_async.runs.view import RunView
from writ_async.verify.reasons import Reason

MASKING = FilterRules(mask_turns=True)
CAN_MASK = {"openai", "axolotl", "parquet", "tokens"}
LONG: tuple[Message, ...] = (
    AssistantMessage("Hi!"),
    UserMessage("Is it open?"),
    AssistantMessage("User: yes it is"),
    UserMessage("Sure?"),
    AssistantMessage("It is open."),
)
IDS = TokenSequence(ids=tuple(range(8)), generated=((2, 4), (6, 8)))


def verdict(*findings: Finding) -> Verdict:
    kept = all(finding.severity == "remark" for finding in findings)
    return Verdict(reward=Reward(reward=1.0), kept=kept, findings=findings)


def finding(reason: str, severity: str = "turn", message: int = 2) -> Finding:
    return msgspec.convert({"reason": reason, "severity": severity, "message": message, "detail": "x"}, Finding)


MARRED = finding(Reason.FOREIGN_ROLE)


def row(trial: int, *findings: Finding, **fields: object) -> Trajectory:
    steps: dict[str, Any] = {"steps": 4, "messages": LONG, "tokens": {"agent": IDS}, **fields}
    made = trajectory("t", trial, **steps)
    made.verdict = verdict(*findings)
    return made


def test_a_marred_turn_drops_its_row_unless_a_rule_says_otherwise() -> None:
    marred = verdict(MARRED)
    assert failed_filter(marred) == "words"
    assert not STRICT.keeps(marred)
    assert MASKING.keeps(marred)
    assert MASKING.masked(marred) == {2}
    assert STRICT.masked(marred) == frozenset()
    assert failed_filter(marred, MASKING) == ""


def test_an_error_drops_and_a_remark_allows_whatever_becomes_of_turns() -> None:
    both = verdict(MARRED, finding(Reason.INVENTED_RESULT, "error"))
    assert not MASKING.keeps(both)
    assert failed_filter(both, MASKING) == "words"
    told = verdict(finding(Reason.FOREIGN_ROLE, "remark"))
    assert STRICT.keeps(told)
    assert MASKING.masked(told) == frozenset()
    assert not MASKING.keeps(None)


def test_a_rule_for_a_reason_goes_before_its_severity() -> None:
    texts = ["special_token=allow", "invented_result=mask", "foreign_role=drop", "mask-turns"]
    rules = parse_filter_rules(texts, reason_names())
    assert rules.keeps(verdict(finding("special_token"), finding("invented_result", "error", 4)))
    assert rules.masked(verdict(finding("special_token"), finding("invented_result", "error", 4))) == {4}
    assert not rules.keeps(verdict(finding("foreign_role", "remark")))
    assert not rules.keeps(verdict(finding("invented_result", "error", -1))), "there is no message to mask"


@pytest.mark.parametrize("text", ["", "foreign_role", "foreign_role=hide", "no_such=drop", "=drop"])
def test_a_rule_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--filter"):
        parse_filter_rules([text], reason_names())


def test_the_funnel_counts_by_the_rules() -> None:
    rows = [row(0), row(1, MARRED)]
    tasks = {"t": task("t")}
    assert pass_filters(rows, tasks, {}, alike=1.1).funnel.total.fell == {"words": 1}
    assert pass_filters(rows, tasks, {}, alike=1.1, rules=MASKING).funnel.total.left == 2


@pytest.mark.parametrize("name", FORMATS)
def test_formats_mask_a_turn_or_leave_its_row_out(name: str, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [row(0), row(1, MARRED)], [task("t")])
    write = format_named(name).write
    assert write(run, tmp_path / "strict") == Exported(1, 1, 0)
    expected = Exported(2, 0, 0) if name in CAN_MASK else Exported(1, 0, 0, 0, 1)
    assert write(run, tmp_path / "masked", rules=MASKING) == expected


def test_a_masked_turn_has_weight_zero_and_no_loss(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [row(1, MARRED)], [task("t")])
    out = tmp_path / "rows"
    format_named("openai").write(run, out, rules=MASKING)
    messages = json.loads(out.read_text("utf-8"))["messages"]
    assert [message.get("weight") for message in messages if message["role"] == "assistant"] == [0, 0, None]
    format_named("axolotl").write(run, out, rules=MASKING)
    messages = json.loads(out.read_text("utf-8"))["messages"]
    assert [message["train"] for message in messages if message["role"] == "assistant"] == [False, True]
    format_named("tokens").write(run, tmp_path / "rows.parquet", rules=MASKING)
    assert pl.read_parquet(tmp_path / "rows.parquet")["loss_mask"].to_list() == [[0, 0, 0, 0, 0, 0, 1, 1]]


def test_ids_of_which_no_turn_can_be_told_are_left_out(tmp_path: Path) -> None:
    one = TokenSequence(ids=tuple(range(8)), generated=((6, 8),))
    run = make_run(tmp_path / "run", [row(0), row(1, MARRED, tokens={"agent": one})], [task("t")])
    assert format_named("tokens").write(run, tmp_path / "rows", rules=MASKING) == Exported(1, 0, 0, 0, 1)


def test_a_row_with_nothing_left_to_learn_is_unfit(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [row(0, MARRED, finding("empty_message", message=4))], [task("t")])
    for name in ("openai", "axolotl"):
        assert format_named(name).write(run, tmp_path / "rows", rules=MASKING) == Exported(0, 0, 1)


def test_the_command_masks_where_it_is_asked_to_or_the_run_was_made_so(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [row(0, messages=TALK), row(1, MARRED)], [task("t")])
    assert export_rows(run.path, "openai", tmp_path / "a").exported.rows == 1
    assert export_rows(run.path, "openai", tmp_path / "a", filters=["mask-turns"]).exported.rows == 2
    assert export_rows(run.path, "openai", tmp_path / "a", filters=["foreign_role=allow"]).exported.rows == 2
    manifest = run.path / "manifest.json"
    told = json.loads(manifest.read_text("utf-8"))
    told["config"]["filters"] = ["mask-turns"]
    manifest.write_text(json.dumps(told), "utf-8")
    assert export_rows(run.path, "openai", tmp_path / "a").exported.rows == 2


@pytest.mark.asyncio
async def test_a_run_remembers_its_rules_and_its_exports_and_card_follow_them(tmp_path: Path) -> None:
    rules = ("mask-turns", "several_calls=allow")
    base = SynthConfig(domains=("retail",), n=2, seed=5, world_size=40, behaviours="off")
    await synth(base, tmp_path / "strict")
    await synth(msgspec.structs.replace(base, filters=rules), tmp_path / "masking")
    strict, masking = (RunView.open(tmp_path / name) for name in ("strict", "masking"))
    assert "filters" not in strict.manifest.config, "so that runs without any can be gone on with"
    assert rules_of(strict) == STRICT
    assert rules_of(masking) == FilterRules(True, {"several_calls": "allow"})
    assert selection_of(masking, rules=rules_of(masking)).rules == rules_of(masking)
    for run in (strict, masking):
        export_rows(run.path, "openai", run.path.parent / run.path.name / "out" / "rows.jsonl", card=True)
    cards = [(run.path / "out" / "README.md").read_text("utf-8") for run in (strict, masking)]
    assert ["rules of filters" in card for card in cards] == [False, True]
    with pytest.raises(InputError, match="no reason"):
        await synth(msgspec.structs.replace(base, filters=("nonsense=drop",)), tmp_path / "refused")


def test_the_flags_are_rules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path / "run", [row(0, messages=TALK), row(1, MARRED)], [task("t")])
    command = ["export", str(run.path), "--out", str(tmp_path / "rows"), "--format"]
    assert main([*command, "openai", "--mask-turns"]) == 0
    assert capsys.readouterr().out.startswith("2 rows")
    assert main([*command, "trl", "--mask-turns"]) == 0
    assert "1 with turns that the format cannot mask" in capsys.readouterr().out
    assert main([*command, "trl", "--filter", "foreign_role=allow"]) == 0
    assert capsys.readouterr().out.startswith("2 rows")
    assert main([*command, "trl", "--filter", "foreign_role=perhaps"]) != 0
    assert "--filter" in capsys.readouterr().err
