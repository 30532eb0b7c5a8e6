"""The driver on steps of a few lines: each is done once, a killed one is gone on with, a changed one is named."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from examples.reproduce import driver
from examples.reproduce.driver import accept, run_steps
from examples.reproduce.stamps import Stamps
from examples.reproduce.steps import Step
from writ_async import InputError

ROOT = Path(__file__).resolve().parents[2]


def step(out: Path, name: str, code: str, *, after: tuple[str, ...] = (), **more: object) -> Step:
    """A step that runs some Python in which OUT is the file that it makes; --mark stands for a setting."""
    file = out / f"{name}.txt"
    program = f"import sys, pathlib; OUT = pathlib.Path({str(file)!r}); {code}"
    settings = {"command": ("python", "-c", program, "--mark", "1"), "outputs": (file,), "after": after, **more}
    return Step(name=name, about="a few lines", **settings)  # type: ignore[arg-type]


def counting(out: Path, name: str, *, after: tuple[str, ...] = (), mark: str = "1") -> Step:
    """A step that adds a line to its file each time that it is done."""
    made = step(out, name, "OUT.open('a').write('once\\n')", after=after)
    return Step(name=name, about="", command=(*made.command[:-1], mark), outputs=made.outputs, after=after)


def chain(out: Path, mark: str = "1") -> list[Step]:
    return [
        counting(out, "one", mark=mark),
        counting(out, "two", after=("one",)),
        counting(out, "three", after=("two",)),
    ]


def names(steps: list[Step]) -> list[str]:
    return [one.name for one in steps]


def test_what_is_done_is_not_done_again_and_what_is_gone_is(tmp_path: Path) -> None:
    steps = chain(tmp_path)
    for _ in range(3):
        assert run_steps(steps, names(steps), tmp_path) == 0
    assert {name: (tmp_path / f"{name}.txt").read_text() for name in names(steps)} == dict.fromkeys(
        names(steps), "once\n"
    )
    (tmp_path / "two.txt").unlink()
    assert run_steps(steps, names(steps), tmp_path) == 0
    assert (tmp_path / "two.txt").read_text() == "once\n"
    assert run_steps(steps, ["one"], tmp_path) == 0


def test_a_changed_setting_names_all_that_is_stale_and_does_nothing(tmp_path: Path) -> None:
    assert run_steps(chain(tmp_path), ["one", "two"], tmp_path) == 0
    changed = chain(tmp_path, mark="2")
    with pytest.raises(InputError) as caught:
        run_steps(changed, names(changed), tmp_path)
    said = str(caught.value)
    assert "one: --mark was 1, is 2" in said
    assert "two: one is stale" in said
    assert "three" not in said  # was never begun
    assert (tmp_path / "one.txt").read_text() == "once\n"
    assert not (tmp_path / "aside").exists()


def test_redo_keeps_what_was_made_before(tmp_path: Path) -> None:
    assert run_steps(chain(tmp_path), ["one", "two"], tmp_path) == 0
    changed = chain(tmp_path, mark="2")
    assert run_steps(changed, names(changed), tmp_path, redo=True) == 0
    assert all((tmp_path / f"{name}.txt").read_text() == "once\n" for name in names(changed))
    assert sorted(path.name for path in tmp_path.glob("aside/*/*.txt")) == ["one.txt", "two.txt"]
    assert all(look.state == "done" for look in Stamps(tmp_path).look(changed).values())


def test_a_base_that_was_redone_alone_makes_what_rests_on_it_stale(tmp_path: Path) -> None:
    assert run_steps(chain(tmp_path), ["one", "two"], tmp_path) == 0
    changed = chain(tmp_path, mark="2")
    assert run_steps(changed, ["one"], tmp_path, redo=True) == 0
    with pytest.raises(InputError, match="two: what it rests on was made with other settings"):
        run_steps(changed, names(changed), tmp_path)


def test_a_command_that_fails_ends_the_run_and_is_tried_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = step(tmp_path, "broken", "sys.exit(0 if (OUT.parent / 'mended').exists() and OUT.touch() is None else 3)")
    later = counting(tmp_path, "later", after=("broken",))
    assert run_steps([broken, later], ["broken", "later"], tmp_path) == 1
    assert "broken: exit code 3" in capfd.readouterr().err
    assert not (tmp_path / "later.txt").exists()
    (tmp_path / "mended").touch()
    assert run_steps([broken, later], ["broken", "later"], tmp_path) == 0
    lazy = step(tmp_path, "lazy", "pass")
    assert run_steps([lazy], ["lazy"], tmp_path) == 1
    assert "ended well, and" in capfd.readouterr().err
    missing = Step(name="missing", about="", command=("no-such-trainer",))
    assert run_steps([missing], ["missing"], tmp_path) == 1
    assert "no no-such-trainer on the PATH" in capfd.readouterr().err


def test_output_to_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    file = tmp_path / "said.txt"
    bad = Step(
        name="said",
        about="",
        command=("python", "-c", "print('half'); raise SystemExit(1)"),
        stdout=file,
        outputs=(file,),
    )
    assert run_steps([bad], ["said"], tmp_path) == 1
    assert not file.exists()
    good = Step(name="said", about="", command=("python", "-c", "print('whole')"), stdout=file, outputs=(file,))
    assert run_steps([good], ["said"], tmp_path, redo=True) == 0
    assert file.read_text() == "whole\n"


DRIVE = """
import sys
from pathlib import Path
from examples.reproduce.driver import run_steps
from examples.reproduce.steps import Step

out = Path(sys.argv[1])
adds = "import sys; open(sys.argv[1], 'a').write('x')"
waits = (
    "import pathlib, sys, time; made, before = map(pathlib.Path, sys.argv[1:]); "
    "again = before.exists(); before.touch(); made.touch(); time.sleep(0 if again else 60)"
)
first, slow, before = (str(out / name) for name in ("first", "slow", "before"))
steps = [
    Step(name="first", about="", command=("python", "-c", adds, first), outputs=(out / "first",)),
    Step(name="slow", about="", command=("python", "-c", waits, slow, before), outputs=(Path(slow),), after=("first",)),
]
raise SystemExit(run_steps(steps, ["first", "slow"], out))
"""


def drive(out: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "engines"), str(ROOT / "domains")]),
    }
    return subprocess.Popen([sys.executable, "-c", DRIVE, str(out)], start_new_session=True, env=environment)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_that_was_killed_goes_on_and_no_done_step_is_done_again(number: signal.Signals, tmp_path: Path) -> None:
    child = drive(tmp_path)
    until = time.monotonic() + 60
    while not (tmp_path / "slow").exists() and time.monotonic() < until:
        time.sleep(0.02)
    if number is signal.SIGKILL:
        os.killpg(child.pid, number)
    else:
        child.send_signal(number)  # the driver alone: it ends the command itself
    code = child.wait(timeout=30)
    assert code == (-signal.SIGKILL if number is signal.SIGKILL else 130)
    stamp = Stamps(tmp_path).read("slow")
    assert stamp is not None
    assert not stamp.done
    assert drive(tmp_path).wait(timeout=60) == 0
    assert (tmp_path / "first").read_text() == "x"
    stamp = Stamps(tmp_path).read("slow")
    assert stamp is not None
    assert stamp.done


def test_two_drivers_in_one_folder_are_one_too_many(tmp_path: Path) -> None:
    child = drive(tmp_path)
    until = time.monotonic() + 60
    while not (tmp_path / "slow").exists() and time.monotonic() < until:
        time.sleep(0.02)
    with pytest.raises(InputError, match="another driver is at work"):
        run_steps([counting(tmp_path, "one")], ["one"], tmp_path)
    child.terminate()
    assert child.wait(timeout=30) == 130


def test_a_killed_training_goes_on_from_its_newest_checkpoint(tmp_path: Path) -> None:
    for number in (9, 10):
        (tmp_path / "model" / f"checkpoint-{number}").mkdir(parents=True)
    trained = step(tmp_path, "train", "OUT.write_text(' '.join(sys.argv[1:]))", checkpoints=tmp_path / "model")
    assert run_steps([trained], ["train"], tmp_path) == 0
    assert trained.outputs[0].read_text() == f"--mark 1 --resume_from_checkpoint {tmp_path / 'model' / 'checkpoint-10'}"


def test_what_needs_a_gpu_says_what_to_type_and_is_accepted_from_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "has_gpu", lambda: False)
    trained = step(tmp_path, "train", "OUT.touch()", needs_gpu=True)
    after = counting(tmp_path, "later", after=("train",))
    assert run_steps([trained, after], ["train", "later"], tmp_path) == 1
    said = capsys.readouterr().err
    assert "train: this machine has no GPU" in said
    assert trained.typed() in said
    assert "--accept train" in said
    with pytest.raises(InputError, match=r"train\.txt is not there"):
        accept(trained, [trained, after], tmp_path)
    trained.outputs[0].touch()
    accept(trained, [trained, after], tmp_path)
    assert run_steps([trained, after], ["train", "later"], tmp_path) == 0
    stamp = Stamps(tmp_path).read("train")
    assert stamp is not None
    assert stamp.accepted


SERVER = """
import http.server, sys
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.send_response(200 if self.path == "/health" else 404); self.end_headers()
    def log_message(self, *words): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Health).serve_forever()
"""


@pytest.fixture
def port() -> int:
    """A port where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_a_server_is_up_for_the_step_that_needs_it_and_ended_after(
    tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "has_gpu", lambda: True)
    url = f"http://127.0.0.1:{port}"
    serve = Step(name="serve", about="", command=("python", "-c", SERVER, str(port)), service=url)
    asks = f"import urllib.request; OUT.write_text(str(urllib.request.urlopen({url + '/health'!r}).status))"
    asked = step(tmp_path, "eval", asks, while_up="serve")
    assert run_steps([serve, asked], ["serve", "eval"], tmp_path) == 0
    assert asked.outputs[0].read_text() == "200"
    again = step(tmp_path, "again", asks)
    assert run_steps([again], ["again"], tmp_path) == 1  # nobody listens any more
    dies = Step(name="serve", about="", command=("python", "-c", "raise SystemExit(7)"), service=url)
    other = step(tmp_path, "other", "OUT.touch()", while_up="serve")
    assert run_steps([dies, other], ["serve", "other"], tmp_path) == 1
    assert not other.outputs[0].exists()


def test_a_stamp_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    steps = chain(tmp_path)
    assert run_steps(steps, ["one"], tmp_path) == 0
    (tmp_path / "steps" / "one.json").write_text("{")
    with pytest.raises(InputError, match=r"one\.json"):
        run_steps(steps, names(steps), tmp_path)
