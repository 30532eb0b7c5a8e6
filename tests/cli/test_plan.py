import json
from pathlib import Path

import pytest

from writ_async.cli import main


def test_plan_prints_a_table_and_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["plan", "retail", "--n", "8", "--fixed", "4"]
    assert main(command) == 0
    assert "conversations an hour" in capsys.readouterr().out
    assert main([*command, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["outcomes"]) == 3


def test_two_servers_do_more_than_one(capsys: pytest.CaptureFixture[str]) -> None:
    rates = []
    for servers in ("1", "2"):
        command = ["plan", "retail", "--n", "48", "--fixed", "32", "--servers", servers, "--json"]
        assert main([*command, "--engine-option", "kv_tokens=60000"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["servers"] == int(servers)
        rates.append({outcome["admission"]: outcome["conversations_per_hour"] for outcome in told["outcomes"]})
    assert all(rates[1][name] > 1.2 * rate for name, rate in rates[0].items())


def test_a_plan_needs_a_server(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "retail", "--servers", "0"]) == 2
    assert "--servers must be at least 1" in capsys.readouterr().err


def test_calibrate_writes_what_it_fitted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = []
    for number in range(20):
        batch = 10 + number % 7
        lines.append(
            {
                "num_used_tokens": 1000 * (number % 5),
                "max_total_num_tokens": 8000,
                "total_prefill_uncached_tokens": 500 * number,
                "total_prefill_busy_us": 20_000 * number,
                "decode_moments": [10 * number, 10 * number * batch, 40_000 * number, 0, 0, 0],
            }
        )
    source = tmp_path / "loads.jsonl"
    source.write_text("\n".join(json.dumps({"loads": [line]}) for line in lines))
    out = tmp_path / "server.json"
    assert main(["calibrate", str(source), "--out", str(out)]) == 0
    assert "tokens a second" in capsys.readouterr().out
    assert json.loads(out.read_text())["prefill_rate"] == pytest.approx(25_000)


def test_a_source_that_is_no_file_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", "nowhere.jsonl"]) == 2
    assert capsys.readouterr().err.startswith("writ: nowhere.jsonl: ")
