"""Imitation on a CPU: a training that was killed goes on as if nothing had been."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.support.tiny_trainable import write_trainable
from writ_async import InputError, TokenSequence
from writ_async.cli import main

torch = pytest.importorskip("torch", reason="needs torch and transformers; make test-trainers TRAINER=trl")
pytest.importorskip("transformers", reason="needs torch and transformers; make test-trainers TRAINER=trl")
from transformers import AutoModelForCausalLM  # noqa: E402

from examples.reproduce.smollm2.tuning import LOG, Settings, Step, logged, rate_at, tune  # noqa: E402
from examples.train.losses import imitation_gradients, imitation_loss, written_tokens  # noqa: E402


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Settings]:
    folder = tmp_path_factory.mktemp("tuning")
    run = folder / "run"
    flags = ["--world-size", "40", "--mix", "normal=1", "--behaviours", "off", "--quiet", "--out", str(run)]
    assert main(["synth", "retail", "--n", "8", "--seed", "1", *flags]) == 0
    model = write_trainable(folder / "model")

    def to(name: str) -> Settings:
        return Settings(run=str(run), model=str(model), out=str(folder / name), rate=1e-2, warmup=2, save_every=2)

    return to


def weights(folder: str) -> dict[str, object]:
    return {name: value.clone() for name, value in AutoModelForCausalLM.from_pretrained(folder).state_dict().items()}


def test_a_training_that_is_ended_again_and_again_comes_to_the_same_weights(
    settings: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = settings("whole")
    steps = list(tune(whole))
    assert [step.step for step in steps] == [0, 1, 2, 3]
    assert steps[-1].loss < steps[0].loss
    broken = settings("broken")
    made: list[Step] = []
    first = tune(broken)
    made += [next(first), next(first), next(first)]
    first.close()  # killed behind the third, of which two are kept
    made = made[:2] + list(tune(msgspec.structs.replace(broken, minutes=1e-9)))
    assert [step.step for step in made] == [0, 1, 2]
    assert not Path(broken.out, "config.json").exists()
    made += tune(broken)
    plain = [msgspec.structs.replace(step, seconds=0.0) for step in made]
    assert plain == [msgspec.structs.replace(step, seconds=0.0) for step in steps]
    one, other = weights(whole.out), weights(broken.out)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_log_has_each_step_once_however_often_the_training_was_killed(tmp_path: Path) -> None:
    log = tmp_path / LOG
    whole = [Step(step=number, loss=1 / (number + 1), read=9, learnt=3, rate=0.1, seconds=1.0) for number in range(6)]
    for first, last in ((0, 3), (2, 5), (2, 3)):  # each ends behind its last step; what it goes on from is older
        assert list(logged(iter(whole[first:last]), log)) == whole[first:last]
    with log.open("ab") as file:
        file.write(b'{"step":3,"lo')  # and in the middle of a line
    assert list(logged(iter(whole[2:]), log)) == whole[2:]
    assert [msgspec.json.decode(line, type=Step) for line in log.read_bytes().splitlines()] == whole
    assert list(logged(iter(()), log)) == []  # all is done
    assert len(log.read_bytes().splitlines()) == len(whole)


def test_another_setting_is_refused_where_a_training_was_begun(settings: Callable[[str], Settings]) -> None:
    begun = settings("begun")
    steps = tune(begun)
    for _ in range(3):  # two are kept
        next(steps)
    steps.close()
    with pytest.raises(InputError, match=r"begun with rate = 0.01, not 0.5; use another --out"):
        next(tune(msgspec.structs.replace(begun, rate=0.5)))


def test_a_run_without_kept_rows_is_refused(tmp_path: Path, settings: Callable[[str], Settings]) -> None:
    given = settings("nothing")
    out = tmp_path / "none"
    out.mkdir()
    for name in ("manifest.json", "tasks.jsonl", "prompts.json"):
        (out / name).write_bytes(Path(given.run, name).read_bytes())
    (out / "trajectories.jsonl").write_bytes(b"")
    with pytest.raises(InputError, match="no row is kept"):
        next(tune(msgspec.structs.replace(given, run=str(out))))


def test_the_gradients_of_a_batch_are_those_of_its_mean_loss_per_token(tmp_path: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(write_trainable(tmp_path / "model"), dtype=torch.float32)
    batch = [
        TokenSequence(ids=tuple(range(5, 25)), generated=((4, 9), (12, 20))),
        TokenSequence(ids=tuple(range(30, 40)), generated=((7, 10),)),
    ]
    assert [written_tokens(tokens) for tokens in batch] == [13, 3]
    total = imitation_gradients(model, batch)
    found = [weight.grad.clone() for weight in model.parameters()]
    model.zero_grad()
    whole = torch.stack([imitation_loss(model, tokens) for tokens in batch]).sum()
    (whole / 16).backward()
    assert total == pytest.approx(whole.item(), rel=1e-5)
    for one, weight in zip(found, model.parameters(), strict=True):
        assert torch.allclose(one, weight.grad, atol=1e-6)
    rough = imitation_gradients(model, batch, torch.bfloat16)
    assert rough != total
    assert rough == pytest.approx(total, rel=0.02)


def test_the_rate_rises_and_falls() -> None:
    given = Settings(run="", model="", out="", rate=1.0, warmup=4)
    rates = [rate_at(step, 20, given) for step in range(20)]
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert rates[4:] == sorted(rates[4:], reverse=True)
    assert 0 < rates[-1] < 0.1
