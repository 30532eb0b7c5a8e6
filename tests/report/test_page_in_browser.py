"""A report in a real browser: it asks for nothing, complains of nothing, and is readable light, dark, wide, narrow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.browser import needs_browser, open_browser, serving
from tests.support.command import called
from writ_async.commands.report import make_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [needs_browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

WAYS = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def run(readme_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation with failures."""
    folder = tmp_path_factory.mktemp("reported")
    flags = ("--limit", "40", "--trials", "3", "--mistakes", "0.4", "--quiet", "--out", str(folder / "played"))
    assert called("eval", "--tasks", str(readme_run), *flags).returncode == 0
    return folder / "played"


@pytest.fixture(scope="module")
def page(run: Path, readme_run: Path) -> Path:
    """A report on it and on the data set that its tasks are of."""
    out = run.parent / "report.html"
    make_report([run, readme_run], out=out)
    return out


@pytest.mark.parametrize(("scheme", "width"), WAYS)
def test_the_page_asks_for_nothing_and_fits_the_window(scheme: str, width: int, page: Path, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    asked: list[str] = []
    complaints: list[str] = []
    shown = context.new_page()
    shown.on("request", lambda request: asked.append(request.url))
    shown.on("console", lambda message: complaints.append(message.text))
    shown.on("pageerror", lambda error: complaints.append(str(error)))
    shown.goto(page.as_uri())
    assert [address for address in asked if not address.startswith(("file:", "data:"))] == []
    assert complaints == []
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    dark = shown.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g)[0] < 128")
    assert dark is (scheme == "dark")
    assert shown.evaluate("getComputedStyle(document.querySelector('.plot text')).fontSize") == "14px"
    shown.locator("details:not([open]) summary").first.focus()
    shown.keyboard.press("Enter")
    assert shown.evaluate("document.activeElement.parentElement.open")
    context.close()


@pytest.mark.parametrize(("scheme", "width"), WAYS)
def test_axe_finds_nothing_serious(scheme: str, width: int, page: Path, browser: Browser) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is absent (make browser-env)").Axe()
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    shown = context.new_page()
    shown.goto(page.as_uri())
    shown.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    found = [one for one in axe.run(shown).response["violations"] if one["impact"] in ("serious", "critical")]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []
    context.close()


def test_a_script_in_a_page_would_not_run(page: Path, tmp_path: Path, browser: Browser) -> None:
    spoilt = tmp_path / "spoilt.html"
    script = "<script>document.title = 'run'</script><img src='x' onerror='document.title = 1'></main>"
    spoilt.write_text(page.read_text(encoding="utf-8").replace("</main>", script), encoding="utf-8")
    shown = browser.new_page()
    shown.goto(spoilt.as_uri())
    assert shown.title().startswith("Evaluation report")
    shown.close()


def test_a_link_leads_to_the_row_in_the_viewer(run: Path, browser: Browser) -> None:
    with serving(run) as address:
        out = run.parent / "linked.html"
        make_report([run], out=out, viewer=address, oracle=False)
        shown = browser.new_page()
        shown.goto(out.as_uri())
        link = shown.locator("#tasks td a").first
        row = link.inner_text()
        shown.goto(str(link.get_attribute("href")))
        shown.wait_for_selector(".conversation")
        assert row in shown.content()
        shown.close()
