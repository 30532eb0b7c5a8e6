"""The viewer in a real Chromium: what a person does with it, and what a model's text must not do to them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.support.browser import needs_browser, open_browser, serving
from tests.support.command import called
from tests.support.samples import manifest, task, trajectory
from writ_async.commands.view import open_index
from writ_async.core.message import AssistantMessage, FunctionCall, ToolCall, ToolMessage, UserMessage
from writ_async.core.trajectory import Finding, Reward, TokenSequence, Verdict
from writ_async.rows.notes import NOTES, read_notes
from writ_async.runs.folder import RunFolder
from writ_async.runs.view import TRAJECTORIES
from writ_async.viewer.conversation_page import conversation_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [needs_browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

HOSTILE = (
    "<img src=x onerror='window.hacked=1'><script>window.hacked=2</script>\"><svg onload=window.hacked=3>"
    "\x1b[2J\x9b31m\u202egnol\x07 {{window.hacked=4}} javascript:window.hacked=5"
)
Opener = Callable[..., "Page"]
TOO_WIDE = """
[...document.querySelectorAll("html, main, .conversation, .pane, .compare")]
  .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.className || one.tagName)
"""


@pytest.fixture(scope="module")
def browser(made_run: Path) -> Iterator[Browser]:
    """Opened once the run is made: as long as playwright is open no other loop runs in this thread."""
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def run(made_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that notes and rows are put to."""
    folder = tmp_path_factory.mktemp("browser") / "a-run-with-a-name-that-says-all-of-its-settings-2026-01-02"
    shutil.copytree(made_run, folder)
    return folder


@pytest.fixture(scope="module")
def address(run: Path) -> Iterator[str]:
    with serving(run) as address:
        yield address


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Opener]:
    """Opens pages, and says at the end whether any of them complained."""
    complaints: list[str] = []
    contexts = []

    def open_one(address: str, width: int = 1280, height: int = 800, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.goto(address)
        page.wait_for_selector("#found:not(:empty), article.row, .problem")
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert [said for said in complaints if "status of 40" not in said] == []


def rows_shown(page: Page) -> int:
    return int(page.locator(".table").get_attribute("aria-rowcount") or 0) - 1


def ask(page: Page, text: str) -> None:
    """Type a filter, and wait until it has been answered."""
    page.fill("#filter", text)
    page.wait_for_function("text => decodeURIComponent(location.hash.replace(/\\+/g, ' ')).includes(text)", arg=text)
    page.wait_for_timeout(250)


def hash_of(page: Page) -> str:
    return str(page.url).partition("#")[2]


def row_address(address: str, key: str, **more: str) -> str:
    return (
        address + "#/row?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in {"key": key, **more}.items())
    )


def a_row_that_wrote(run: Path) -> str:
    """A row with a write that rests on its whole certificate, of several reads."""
    index = open_index([run])
    for row, key in enumerate(index.keys):
        page = conversation_page(index.open(row))
        written = [one for one in page.certificates if one.write and one.made_at >= 0 and len(one.cells) > 1]
        if written and page.evidence == "evidence_complete":
            return key
    raise AssertionError("no row of this run is fit; draw another one")


def test_a_list_is_filtered_and_a_mistake_told_where_it_is(address: str, open_page: Opener) -> None:
    page = open_page(address)
    assert rows_shown(page) == 24
    ask(page, "reward < 1 and messages ~ PLEASE")
    few = rows_shown(page)
    assert 0 < few < 24
    assert page.inner_text("#found") == f"{few} of 24 rows"
    ask(page, "reward <")
    assert "character 9" in page.inner_text("#found")
    assert page.get_attribute("#filter", "aria-invalid") == "true"
    ask(page, "reward < 1")
    page.click(".chip:has-text('rejected')")
    page.wait_for_function("() => document.querySelector('#filter').value === 'reward < 1 and kept == false'")
    assert page.locator(".chip[aria-pressed=true]").all_inner_texts()[0].startswith("rejected")
    assert page.locator(".chip[aria-pressed=true]").count() == 2
    page.click(".chip:has-text('rejected')")
    page.wait_for_function("() => document.querySelector('#filter').value === 'reward < 1'")


def test_keys_lead_through_list_and_conversation_and_each_state_has_its_address(
    address: str, open_page: Opener
) -> None:
    page = open_page(address)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.wait_for_selector("[data-line='1'].current")
    name = page.inner_text("[data-line='1'] .name a")
    page.keyboard.press("Enter")
    page.wait_for_selector(".talk")
    assert page.inner_text("h1") == name
    for key, pane in (("e", "evidence"), ("d", "state"), ("m", "tokens"), ("i", "task"), ("v", "verdict")):
        page.keyboard.press(key)
        page.wait_for_selector(f"#tab-{pane}[aria-selected=true]")
        assert f"pane={pane}" in hash_of(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.wait_for_selector(".message.current[data-message='1']")
    page.keyboard.press("x")
    page.wait_for_selector("details.call[open]")
    here = page.url
    page.reload()
    page.wait_for_selector(".message.current[data-message='1']")
    page.wait_for_selector("details.call[open]")
    assert page.url == here
    page.keyboard.press("J")
    page.wait_for_function("name => document.querySelector('h1').textContent !== name", arg=name)
    page.go_back()
    page.wait_for_function("name => document.querySelector('h1').textContent === name", arg=name)
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open] kbd")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    page.keyboard.press("Escape")
    page.wait_for_selector(".lines .line")
    page.keyboard.press("g")
    page.wait_for_selector(".line.group")
    page.keyboard.press("/")
    page.wait_for_function("() => document.activeElement.id === 'filter'")
    page.keyboard.type("jk")
    assert page.input_value("#filter") == "jk"


def test_cells_light_up_and_changes_appear_as_one_steps(address: str, run: Path, open_page: Opener) -> None:
    key = a_row_that_wrote(run)
    page = open_page(row_address(address, key, pane="evidence"))
    whole = page.locator(".cells .lit").count()
    assert whole > 1
    assert page.locator(".supplied .source").count() > 0
    lit = []
    for _ in range(page.locator(".message").count()):
        page.keyboard.press("j")
        page.wait_for_timeout(30)
        lit.append(page.locator(".cells .lit").count())
    assert lit[0] == 0
    assert lit == sorted(lit)
    assert lit[-1] == whole
    page.keyboard.press("d")
    page.wait_for_selector(".diff")
    page.goto(row_address(address, key, pane="state", m="0"))
    page.wait_for_selector(".as-of")
    assert page.locator(".pane .card .diff ins").count() == 0


def test_playing_steps_by_itself_and_pauses(address: str, open_page: Opener) -> None:
    page = open_page(address)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector(".talk")
    page.keyboard.press("p")
    page.wait_for_selector("li.message:nth-child(3).current")
    page.keyboard.press("p")
    page.wait_for_selector("button:has-text('Play')")


def test_two_trials_stand_side_by_side_from_where_they_part(address: str, run: Path, open_page: Opener) -> None:
    index = open_index([run])
    differing = next(
        index.keys[row]
        for row in range(len(index.keys))
        if len({index.columns["reward"][other] for other in index.trials_of(row)}) == 2
    )
    page = open_page(row_address(address, differing))
    page.keyboard.press("s")
    page.wait_for_selector(".compare .parting")
    assert "with=" in hash_of(page)
    alike = page.locator(".alike .pairs > div").count()
    left = page.locator(".alike .pairs > div:nth-child(odd) .words").all_text_contents()
    right = page.locator(".alike .pairs > div:nth-child(even) .words").all_text_contents()
    assert alike >= 2
    assert left == right
    first = page.locator(".compare > .pairs:last-child > div")
    assert first.nth(0).text_content() != first.nth(1).text_content()
    page.keyboard.press("j")
    page.wait_for_selector(".compare .message.current")
    page.keyboard.press("s")
    page.wait_for_selector(".talk")


def test_a_run_that_grows_is_followed(made_run: Path, tmp_path: Path, open_page: Opener) -> None:
    run = tmp_path / "first"
    shutil.copytree(made_run, run)
    with serving(run) as address:
        page = open_page(address)
        page.keyboard.press("f")
        assert "follow=1" in hash_of(page)
        row = (run / TRAJECTORIES).read_bytes().splitlines(keepends=True)[0]
        with (run / TRAJECTORIES).open("ab") as file:
            file.write(row.replace(b'#0"', b'#8"', 1))
        page.wait_for_function("() => document.querySelector('#found').textContent === '25 rows'")
        assert rows_shown(page) == 25


def test_a_note_is_kept_beside_the_run_and_found_by_its_tag(address: str, run: Path, open_page: Opener) -> None:
    page = open_page(address)
    page.keyboard.press("j")
    name = page.inner_text("[data-line='0'] .name a")
    page.keyboard.press("n")
    page.fill("#note-comment", "Read this.")
    page.fill("#note-tags", "good, short")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog", state="detached")
    page.click(".chip:has-text('#good')")
    page.wait_for_function("() => document.querySelector('#found').textContent === '1 of 24 rows'")
    assert page.inner_text(".lines .line .name a") == name
    (note,) = read_notes(run / NOTES).values()
    assert (note.row, note.tags, note.comment) == (name, ("good", "short"), "Read this.")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", note.at)


@pytest.fixture(scope="module")
def hostile_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in which everything that a model, a tool or a file may name is an attack."""
    folder = tmp_path_factory.mktemp("hostile") / "run"
    call = ToolCall("c", FunctionCall(HOSTILE, '{"x": "</pre>' + "<img src=x onerror=window.hacked=6>" + '"}'))
    messages = (
        UserMessage(HOSTILE),
        AssistantMessage(HOSTILE, (call,), reasoning=HOSTILE),
        ToolMessage("c", HOSTILE, True),
        AssistantMessage(HOSTILE),
    )
    verdict = Verdict(reward=Reward(reward=0.0, note=HOSTILE), kept=False, findings=(Finding(HOSTILE, HOSTILE, 1),))
    tokens = {HOSTILE: TokenSequence((1, 2, 3), ((1, 2),), (-1.0,))}
    with RunFolder.create(folder, manifest()) as run:
        run.write_tasks([task(HOSTILE)], {})
        for trial in (0, 1):
            row = trajectory(
                HOSTILE, trial, messages=messages[: 3 + trial], verdict=verdict, kind=HOSTILE, domain=HOSTILE
            )
            row.tokens, row.error = tokens, HOSTILE
            run.append(row)
    return folder


@pytest.mark.parametrize("static", [False, True], ids=["server", "files"])
def test_what_a_model_wrote_stays_text(static: bool, hostile_run: Path, tmp_path: Path, open_page: Opener) -> None:
    key = open_index([hostile_run]).keys[0]
    if static:
        assert called("view", str(hostile_run), "--static", str(tmp_path / "out")).returncode == 0
        look_for_harm(f"file://{tmp_path}/out/index.html", key, open_page)
    else:
        with serving(hostile_run) as address:
            look_for_harm(address, key, open_page)


def look_for_harm(address: str, key: str, open_page: Opener) -> None:
    page = open_page(address)
    scripts = page.locator("script[src^='static/']").count()
    states = [{"pane": pane, "unfolded": "1"} for pane in ("verdict", "evidence", "state", "tokens", "task")]
    states += [{"with": key.replace("#0", "#1"), "unfolded": "1"}]
    for state in states:
        page.goto(row_address(address, key, **state))
        page.wait_for_selector(".talk, .compare")
        page.wait_for_timeout(100)
        assert "<img src=x onerror" in (page.text_content("main") or "")
        assert "\\x1b[2J\\x9b31m\\u202egnol\\x07" in (page.text_content("main") or "")
        assert page.evaluate("window.hacked") is None
        assert page.locator("img, svg, main script, iframe, object, embed").count() == 0
        assert page.locator("script:not([src^='data/'])").count() == scripts
        assert page.locator("a:not([href^='#'])").count() == 0
        assert page.evaluate(
            "[...document.querySelectorAll('*')].every(e => [...e.attributes].every(a => !a.name.startsWith('on')))"
        )


def test_files_answer_as_the_server_does(address: str, run: Path, tmp_path: Path, open_page: Opener) -> None:
    assert called("view", str(run), "--static", str(tmp_path / "out")).returncode == 0
    files, served = open_page(f"file://{tmp_path}/out/index.html"), open_page(address)
    for page in (files, served):
        page.click("[data-field=calls], [data-field=turns] button")
    for text in ("", "reward < 1", "messages ~ please and not kept", "reason and w > 0", "reward <", "nothing == 1"):
        shown = []
        for page in (files, served):
            ask(page, text)
            shown.append((page.inner_text("#found"), page.locator(".lines .name a").all_inner_texts()))
        assert shown[0] == shown[1]
    key = open_index([run]).keys[0]
    pages = []
    for base in (f"file://{tmp_path}/out/index.html", address):
        page = open_page(row_address(base, key, pane="evidence"))
        pages.append((page.inner_text(".talk"), page.inner_text(".pane")))
        page.keyboard.press("J")
        page.wait_for_function("key => !location.hash.includes(encodeURIComponent(key))", arg=key)
    assert pages[0] == pages[1]


def states_of(address: str, run: Path) -> list[str]:
    index = open_index([run])
    row = next(row for row in range(len(index.keys)) if index.columns["reason"][row])
    key, other = index.keys[row], next(index.keys[one] for one in index.trials_of(row) if one != row)
    panes = [row_address(address, key, pane=pane, m="6") for pane in ("evidence", "state", "tokens", "task")]
    return [
        address, f"{address}#/?task=1&filter=reward+%3C+1", f"{address}#/?filter=reward+%3C",
        row_address(address, key), row_address(address, key, unfolded="1"), *panes,
        row_address(address, key, **{"with": other}),
    ]  # fmt: skip


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_axe_finds_nothing_serious(scheme: str, width: int, address: str, run: Path, open_page: Opener) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is absent (make browser-env)").Axe()
    options = {"color_scheme": scheme, "bypass_csp": True, "reduced_motion": "reduce"}
    found: dict[str, list[str]] = {}

    def look(page: Page, where: str) -> None:
        for violation in axe.run(page).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                nodes = [node["html"][:160] for node in violation["nodes"][:3]]
                found.setdefault(f"{violation['id']} ({where})", []).extend(nodes)

    page = open_page(address, width=width, height=844, **options)
    for state in states_of(address, run):
        page.goto(state)
        page.wait_for_timeout(250)
        look(page, state.partition("#")[2])
    for key in ("?", "n"):
        page.keyboard.press(key)
        page.wait_for_selector("dialog[open]")
        look(page, key)
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog", state="detached")
    assert found == {}


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window(width: int, address: str, run: Path, open_page: Opener) -> None:
    page = open_page(address, width=width, height=844)
    for state in states_of(address, run):
        page.goto(state)
        page.wait_for_timeout(200)
        assert page.evaluate(TOO_WIDE) == [], state


def test_a_screen_reader_finds_its_way(address: str, run: Path, open_page: Opener) -> None:
    page = open_page(address)
    for role, name in (("banner", None), ("main", None), ("table", "Rows"), ("search", None)):
        assert page.get_by_role(role, name=name).count() == 1, role
    assert page.get_by_label("Filter", exact=True).count() == 1
    page.goto(row_address(address, open_index([run]).keys[0]))
    page.wait_for_selector(".talk")
    for role, name in (("region", "Conversation"), ("tablist", "About this row"), ("tabpanel", "Verdict")):
        assert page.get_by_role(role, name=name).count() == 1, role
    assert page.locator("h1").count() == 1
