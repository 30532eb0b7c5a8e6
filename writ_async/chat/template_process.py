"""The process in which model folders' templates run (`template_worker`): one for all of them, started when needed."""

from __future__ import annotations

import atexit
import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from writ_async.chat.optional_modules import import_extra

_WORKER = Path(__file__).with_name("template_worker.py")
_LET_THROUGH = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV")
TOO_MUCH = "it takes too long or too much memory"


class TemplateError(Exception):
    """Why a template gave no text, in its own words."""


class TooMuchError(TemplateError):
    """The template has ended its process."""


class TemplateProcess:
    """Asks the process, which is started anew where it has ended, and where this one was forked."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._worker: subprocess.Popen[bytes] | None = None
        self._pid = 0
        self._known: set[str] = set()

    def ask(self, key: str, source: str, given: Mapping[str, Any] | None) -> str:
        """What the template of a key renders; without anything given it is compiled alone.

        Raises `TemplateError`, and `TooMuchError` where the process has ended over it.
        """
        with self._lock:
            worker = self._running()
            question = pickle.dumps((key, None if key in self._known else source, given))
            try:
                done, text = self._exchange(worker, question)
            except (OSError, EOFError):
                self._end()
                raise TooMuchError(TOO_MUCH) from None
            if not done:
                raise TemplateError(text)
            self._known.add(key)
            return text

    def _running(self) -> subprocess.Popen[bytes]:
        if self._worker is None or self._pid != os.getpid() or self._worker.poll() is not None:
            import_extra("jinja2")  # for the error where it is not there
            kept = {name: value for name, value in os.environ.items() if name in _LET_THROUGH or name[:6] == "PYTHON"}
            # Apart from the terminal, whose interrupt is this process's to take; keys of servers stay here.
            self._worker = subprocess.Popen(
                [sys.executable, "-P", str(_WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=kept,
                start_new_session=True,
            )
            self._pid, self._known = os.getpid(), set()
        return self._worker

    @staticmethod
    def _exchange(worker: subprocess.Popen[bytes], question: bytes) -> tuple[bool, str]:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(len(question).to_bytes(8, "big") + question)
        worker.stdin.flush()
        head = worker.stdout.read(9)
        content = worker.stdout.read(int.from_bytes(head[1:], "big")) if len(head) == 9 else b""
        if len(head) < 9 or len(content) < int.from_bytes(head[1:], "big"):
            raise EOFError
        return head[0] == 1, content.decode("utf-8", "surrogatepass")

    def _end(self) -> None:
        worker, self._worker = self._worker, None
        if worker is None or self._pid != os.getpid():
            return
        for stream in (worker.stdin, worker.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:  # what was still to be written to it
                    continue
        worker.kill()
        worker.wait()

    def close(self) -> None:
        """End the process; the next question starts another one."""
        with self._lock:
            self._end()


PROCESS = TemplateProcess()
atexit.register(PROCESS.close)
