"""A real browser: Debian's Chromium without a window, driven by playwright; tests that need it skip where it is not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_LACKING = "Chromium" if CHROMIUM is None else "" if find_spec("playwright") else "playwright (make browser-env)"
needs_browser = pytest.mark.skipif(bool(_LACKING), reason=f"{_LACKING} is absent")


@contextmanager
def open_browser() -> Iterator[Browser]:
    """The browser, ended afterwards."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def serving(*paths: Path | str) -> Iterator[str]:
    """The address of `writ view` on some paths, in a process of its own."""
    command = [sys.executable, "-m", "writ_async", "view", *map(str, paths), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            address = process.stdout.readline().partition(" ")[0].strip()
            if not address.startswith("http://127.0.0.1:"):
                process.kill()
                raise AssertionError(f"no address: {process.communicate()}")
            yield address
        finally:
            process.terminate()
