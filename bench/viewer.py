"""The viewer's first paint and its filter with many rows, in a real Chromium, beside an empty page on the same machine.

    python bench/viewer.py [--n 50000] [--json FILE]        needs Chromium, and playwright (make browser-env)

A run of 120 scripted conversations is told again and again under other ids, until there are n rows. The page is loaded
five times, and each filter is typed five times; times are medians, from the start of the navigation, or from the key,
to the frame in which rows stand there. What typing waits for more keys (40 ms) is in them.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bench.report import Figure, make_parser, run_script, show_figures, write_json
from writ_async import InputError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

MOST_PAINT_MS = 1000.0
MOST_FILTER_MS = 200.0
REPEATS = 5
FILTERS = {
    "by fields": "reward < 1 and domain == retail",
    "by words": 'messages ~ "refund"',
    "by words that nobody said": 'messages ~ "no such words"',
    "by all of it": '(domain == retail or not kept) and reward <= 1 and messages ~ "refund"',
}
EMPTY = b"<!doctype html><html lang=en><title>empty</title><p>x"

WATCH = """
new MutationObserver((_, watch) => {
  if (!document.querySelector(".lines .line .name a")) return;
  watch.disconnect();
  requestAnimationFrame(() => setTimeout(() => (window.shownAt = performance.now())));
}).observe(document, { childList: true, subtree: true });
"""
TYPE = """
(text) => new Promise((resolve) => {
  const input = document.querySelector("#filter");
  const found = document.querySelector("#found");
  const began = performance.now();
  const body = document.querySelector(".lines");
  const watch = new MutationObserver(() => {
    if (body.querySelector(".waiting")) return;
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => resolve([performance.now() - began, found.textContent])));
  });
  watch.observe(body, { childList: true });
  input.focus();
  input.value = text;
  input.dispatchEvent(new Event("input", { bubbles: true }));
})
"""


class _EmptyPage(BaseHTTPRequestHandler):
    """Answers everything with a page that has nothing on it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(EMPTY)))
        self.end_headers()
        self.wfile.write(EMPTY)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def empty_page() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _EmptyPage)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()


def make_run(folder: Path, n: int) -> None:
    """A run of n rows: those of a small one under ids of their own."""
    small = folder.with_name("small")
    command = [sys.executable, "-m", "writ_async", "synth", "retail", "airline", "--n", "120", "--seed", "1"]
    subprocess.run([*command, "--mistakes", "0.25", "--quiet", "--out", str(small)], check=True, capture_output=True)
    folder.mkdir()
    for name in ("manifest.json", "prompts.json"):
        shutil.copy(small / name, folder / name)
    tasks, rows = ((small / name).read_bytes().splitlines() for name in ("tasks.jsonl", "trajectories.jsonl"))
    with (folder / "tasks.jsonl").open("wb") as told, (folder / "trajectories.jsonl").open("wb") as played:
        for start in range(0, n, len(rows)):
            mark = b"-s1-%d-" % start
            told.writelines(task.replace(b"-s1-", mark, 1) + b"\n" for task in tasks)
            played.writelines(row.replace(b"-s1-", mark, 2) + b"\n" for row in rows[: n - start])


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, float]]:
    """The address of the viewer, and the seconds until it answered."""
    command = [sys.executable, "-m", "writ_async", "view", str(folder), "--port", "0"]
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process.stdout.readline().partition(" ")[0], time.monotonic() - began
        finally:
            process.terminate()


def first_paint(browser: Browser, address: str) -> float:
    """Milliseconds to the first paint of anything."""
    page = browser.new_page()
    page.goto(address)
    page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length > 0")
    found = float(page.evaluate("() => performance.getEntriesByName('first-contentful-paint')[0].startTime"))
    page.close()
    return found


def rows_paint(browser: Browser, address: str) -> float:
    """Milliseconds until rows stand in the list."""
    page = browser.new_page()
    page.add_init_script(WATCH)
    page.goto(address)
    page.wait_for_function("() => window.shownAt !== undefined")
    found = float(page.evaluate("() => window.shownAt"))
    page.close()
    return found


def filter_times(page: Page) -> Iterator[tuple[str, float, str]]:
    """What each filter takes in milliseconds, and what it found."""
    for name, text in FILTERS.items():
        taken, said = [], ""
        for number in range(REPEATS):
            spent, said = page.evaluate(TYPE, text + " " * number)  # a blank more, so that no answer is remembered
            taken.append(spent)
            page.evaluate(TYPE, "")
        yield name, median(taken), said


def measure(folder: Path, n: int, chromium: str) -> list[Figure]:
    from playwright.sync_api import sync_playwright

    make_run(folder, n)
    figures = []
    with serving(folder) as (address, opened), empty_page() as empty, sync_playwright() as playwright:
        figures.append(Figure(f"{n:,} rows read and indexed", opened, "s"))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        first_paint(browser, empty)  # what only the first page costs
        nothing = median(first_paint(browser, empty) for _ in range(REPEATS))
        page = median(first_paint(browser, address) for _ in range(REPEATS))
        rows = median(rows_paint(browser, address) for _ in range(REPEATS))
        figures += [
            Figure("an empty page: first paint", nothing, "ms"),
            Figure("the viewer: first paint beyond that", page - nothing, "ms", MOST_PAINT_MS),
            Figure("the viewer: rows in the list, beyond that", rows - nothing, "ms", MOST_PAINT_MS),
            Figure("the viewer: rows in the list, times an empty page", rows / nothing, "x"),
        ]
        shown = browser.new_page()
        shown.goto(address)
        shown.wait_for_selector(".lines .line .name a")
        for name, spent, said in filter_times(shown):
            figures.append(Figure(f"filter {name} ({said})", spent, "ms", MOST_FILTER_MS))
        browser.close()
    return figures


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = make_parser(__doc__, n=50_000, of="rows")
    options = parser.parse_args(arguments)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None or not find_spec("playwright"):
        raise InputError("needs Chromium and playwright: apt-get install chromium, make browser-env")
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder) / "run", options.n, chromium)
    show_figures(figures)
    write_json(options.json, figures)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
