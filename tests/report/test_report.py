"""Reports as pages, Markdown and JSON: whole, the same each time, and what a file says in them stays text."""

from __future__ import annotations

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.command import called
from tests.support.samples import task as some_task
from tests.support.written_runs import failed, lost, solved, write_run
from writ_async.commands.report import make_report
from writ_async.core.task import Proof
from writ_async.core.trajectory import Usage
from writ_async.errors import InputError
from writ_async.report.data_set import would_train
from writ_async.report.gather import gather_run
from writ_async.runs.folder import RunFolder
from writ_async.runs.samples import Sample

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`|</style><a href=javascript:alert(3)>"
USED = {"agent": Usage(3, 1000, 50, 800, 10), "user": Usage(2, 100, 20)}


def evaluation(path: Path, name: str = "a", **config: Any) -> Path:
    rows = [
        solved(f"{name}1", usage=USED), failed(f"{name}1", 1, usage=USED), solved(f"{name}2"), solved(f"{name}2", 1),
        lost(f"{name}3"), failed(f"{name}3"), failed(f"{name}3", 1),
    ]  # fmt: skip
    levels = (Proof(level="W1R3", burden=9, path=1), Proof(level="W1R0", burden=2, path=1))
    tasks = [msgspec.structs.replace(some_task(f"{name}{at}"), proof=levels[at % 2], recipe=name) for at in (1, 2, 3)]
    return write_run(path, rows, tasks=tasks, trials=2, **config)


class Tags(HTMLParser):
    """Every tag of a page with its attributes, and its texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def page_of(*paths: Path, out: Path, **more: Any) -> str:
    make_report(paths, out=out, oracle=False, **more)
    return out.read_text(encoding="utf-8")


def test_a_page_needs_nothing_else_and_says_everything_in_words(tmp_path: Path) -> None:
    found = Tags(page_of(evaluation(tmp_path / "run"), out=tmp_path / "report.html"))
    names = {tag for tag, _ in found.tags}
    assert names.isdisjoint({"script", "iframe", "object", "img", "audio", "video", "embed", "form", "input"})
    for tag, attributes in found.tags:
        for key, value in attributes.items():
            assert not key.startswith("on"), (tag, key)
            if key in ("href", "src", "xlink:href") and tag != "svg":
                assert value is not None
                assert value.startswith(("#", "data:,")), (tag, value)
    plots = [attributes for _, attributes in found.tags if attributes.get("role") == "img"]
    assert len(plots) >= 4
    assert all(len(str(plot["aria-label"])) > 20 for plot in plots)
    # Behind each plot is its table, and each section that the contents name is there.
    assert len([1 for tag, _ in found.tags if tag == "details"]) >= len(plots)
    anchors = {attributes["href"] for tag, attributes in found.tags if tag == "a"}
    assert anchors <= {f"#{attributes['id']}" for _, attributes in found.tags if "id" in attributes}
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_what_a_file_says_stays_text(tmp_path: Path) -> None:
    run = evaluation(tmp_path / HOSTILE.replace("/", "∕"), HOSTILE, seats={"agent": {"name": HOSTILE, "options": {}}})
    page = page_of(run, out=tmp_path / "report.html", viewer="http://127.0.0.1:1/")
    tags = Tags(page)
    assert {tag for tag, _ in tags.tags}.isdisjoint({"script", "img"})
    links = [str(attributes.get("href")) for tag, attributes in tags.tags if tag == "a"]
    assert not [link for link in links if not link.startswith(("#", "http://127.0.0.1:1/#/row?key="))]
    assert not [key for _, attributes in tags.tags for key in attributes if key.startswith("on")]
    assert any(HOSTILE in text for text in tags.texts) or "&lt;script&gt;" in page
    assert page.count("</style>") == len([1 for tag, _ in tags.tags if tag == "style"])
    markdown = make_report([run], md=tmp_path / "report.md", oracle=False).markdown
    assert not re.search(r"(?<!\\)<", re.sub("`[^`\n]*`", "", markdown.replace("\\`", "")))


def test_the_same_runs_give_the_same_bytes(tmp_path: Path) -> None:
    run = evaluation(tmp_path / "run")
    first = page_of(run, out=tmp_path / "one.html", json=tmp_path / "one.json")
    assert page_of(run, out=tmp_path / "two.html", json=tmp_path / "two.json") == first
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_json_has_the_numbers_and_markdown_the_sentences(tmp_path: Path) -> None:
    run = evaluation(tmp_path / "run")
    made = make_report([run], md=tmp_path / "report.md", json=tmp_path / "report.json", oracle=False)
    numbers = json.loads((tmp_path / "report.json").read_text())["runs"][0]
    everything = numbers["numbers"][0]
    assert everything["score"]["pass_hat"][0]["estimate"] == 0.5
    assert everything["spent"]["usage"]["agent"]["completion_tokens"] == 50 + 50 + 5 * 30 - 30
    assert {one["task"]: one["solved"] for one in numbers["outcomes"]} == {"a1": 1, "a2": 2, "a3": 0}
    assert made.markdown == (tmp_path / "report.md").read_text()
    for said in ("two runs like this must differ by", "| a3 |", "0 of 2", "Nothing of the kind is stored"):
        assert said in made.markdown


def test_rows_that_are_missing_are_told_of_before_any_number(tmp_path: Path) -> None:
    run, whole = evaluation(tmp_path / "run"), evaluation(tmp_path / "whole")
    for folder in (run, whole):
        (folder / "summary.json").unlink(missing_ok=True)
    rows = (run / "trajectories.jsonl").read_bytes()
    (run / "trajectories.jsonl").write_bytes(rows[:-40])
    out, numbers = tmp_path / "report.html", tmp_path / "report.json"
    page = page_of(run, whole, out=out, md=tmp_path / "report.md", json=numbers)
    why = "5 of 6 rows: the last line of trajectories.jsonl breaks off; a resumed run mends it"
    assert page.count(why) == 1
    assert page.index(why) < page.index("<nav")
    told = (tmp_path / "report.md").read_text()
    assert f"> **Rows are missing.** run: {why}. All numbers are of these rows." in told
    assert [one["shortfall"] for one in json.loads(numbers.read_bytes())["runs"]] == [why, ""]


def test_rows_lead_into_a_viewer_where_one_is_named(tmp_path: Path) -> None:
    runs = [evaluation(tmp_path / "one"), evaluation(tmp_path / "two")]
    page = page_of(*runs, out=tmp_path / "report.html", viewer="http://127.0.0.1:8765/")
    assert 'href="http://127.0.0.1:8765/#/row?key=two%2Fa3%230"' in page
    assert "writ view" not in page
    assert f"writ view {runs[0]} {runs[1]}" in page_of(*runs, out=tmp_path / "report.html")


def test_a_row_is_linked_by_what_the_viewer_calls_its_run(readme_run: Path, tmp_path: Path) -> None:
    page = page_of(readme_run, evaluation(tmp_path / "two"), out=tmp_path / "report.html", viewer="http://127.0.0.1:1")
    assert "#/row?key=two%2Fa3%230" in page
    assert re.search("#/row[?]key=run%2F(retail|airline)-s1-", page)
    assert f"writ view {readme_run} " in make_report([readme_run, tmp_path / "two"], md=tmp_path / "m.md").markdown


def test_a_data_set_says_what_is_in_it_and_what_speaks_against_it(readme_run: Path, tmp_path: Path) -> None:
    made = make_report([readme_run], out=tmp_path / "set.html", oracle=False)
    run = made.report.runs[0]
    assert run.data_set is not None
    assert sum(run.data_set.kept_kinds.values()) == run.funnel.total.left
    assert all(remark.well for remark in would_train(run))
    assert "| wrong\\_outcome | " in made.markdown
    assert "as with `writ synth --engine ENGINE`." in made.markdown
    assert "Would I train on it?" in (tmp_path / "set.html").read_text()


def test_rows_that_one_would_not_train_on_are_told_of(tmp_path: Path) -> None:
    rows = [solved("a"), *(failed(f"t{at}") for at in range(5))]
    told = {remark.text: remark.well for remark in would_train(gather_run(
        write_run(tmp_path / "run", rows, kind="synth"), "run", data=None, prices={}
    ))}  # fmt: skip
    assert told["1 of 6 rows are left (16.7 %); most fall at outcome 5"] is False
    assert [well for text, well in told.items() if "R3 and R4" in text or "without a write" in text] == [False, False]


def test_the_load_over_time_is_what_the_run_has_kept(tmp_path: Path) -> None:
    run = evaluation(tmp_path / "run")
    with RunFolder.open(run) as folder:
        for sample in (
            Sample(0.0, 0, live=4),
            Sample(60.0, 30, live=8, prompt_tokens=1000, cached_tokens=500, kv_used=30, kv_tokens=100, lag=0.002),
            Sample(120.0, 40, live=2, prompt_tokens=2000, cached_tokens=1400, kv_used=10, kv_tokens=100, lag=0.004),
        ):
            folder.write_sample(sample)
    told = make_report([run], md=tmp_path / "report.md", oracle=False).markdown
    for line in (
        "| conversations a minute | 10.00 | 20.00 | 30.00 |",
        "| share of prompt tokens | 0.50 | 0.70 | 0.90 |",
        "| live | 2.00 | 4.67 | 8.00 |",
        "| share | 0.10 | 0.20 | 0.30 |",
        "| ms | 0.00 | 2.00 | 4.00 |",
    ):
        assert line in told
    assert "Calls in flight\n\nNothing was measured." in told
    page = page_of(run, out=tmp_path / "report.html")
    assert "Throughput over the seconds of the run" in page


def test_a_report_of_thousands_of_rows_is_a_page_that_can_be_sent(tmp_path: Path) -> None:
    rows = [
        (failed if (at + trial) % 3 else solved)(f"task-{at:05}", trial, usage=USED)
        for at in range(1250)
        for trial in range(4)
    ]
    run = write_run(tmp_path / "run", rows, trials=4)
    made = make_report([run], out=tmp_path / "report.html", oracle=False)
    assert made.report.runs[0].rows == 5000
    assert next(iter(made.files.values())) <= 2_000_000


def test_the_oracle_plays_the_tasks_and_stands_beside_strict(readme_run: Path, tmp_path: Path) -> None:
    assert make_report([readme_run], md=tmp_path / "m.md").report.oracles == []
    tasks = str(readme_run)
    assert called("eval", "--tasks", tasks, "--limit", "12", "--quiet", "--out", "run", cwd=tmp_path).returncode == 0
    made = make_report([tmp_path / "run"], md=tmp_path / "m.md")
    assert {(one.name, one.strict) for one in made.report.oracles if one.name == "all"} == {("all", 1.0)}
    assert "oracle's strict" in made.markdown


def test_what_cannot_be_reported_is_refused_in_one_line_and_nothing_is_written(tmp_path: Path) -> None:
    run = evaluation(tmp_path / "run")
    empty = write_run(tmp_path / "empty", [], tasks=[some_task("a")])
    page = str(tmp_path / "page.html")
    for arguments, said in (
        ([str(run)], "what is to be written"),
        ([str(tmp_path / "no"), "--out", page], "there is no such run folder"),
        ([str(empty), "--out", page], "has no finished conversation"),
        ([str(run), str(run), "--out", page], "is named twice"),
        ([str(run), "--out", str(tmp_path)], "is a folder"),
        ([str(run), "--out", page, "--md", page], "name one file"),
        ([str(run), "--out", page, "--viewer", "localhost"], "is no address"),
        ([str(run), "--out", page, "--viewer", "javascript:alert(1)//x"], "is no address"),
        ([str(run), "--out", page, "--prices", str(tmp_path / "no.toml")], "cannot be read"),
    ):
        done = called("report", *arguments)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
        assert done.stderr.count("\n") == 1
    assert not Path(page).exists()


def test_without_the_library_that_draws_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = evaluation(tmp_path / "run")
    monkeypatch.setitem(sys.modules, "lets_plot", None)
    with pytest.raises(InputError, match=r"needs lets_plot, which is not there: pip install 'writ-async\[report\]'"):
        make_report([run], out=tmp_path / "page.html")
    assert make_report([run], md=tmp_path / "report.md", oracle=False).files
