"""A published data set: files and hashes that are the same each time, a card that tells all, and no key anywhere."""

import json
import sys
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import polars as pl
import pytest

from tests.support.command import called
from writ_async.commands.publish import publish
from writ_async.commands.synth import SynthConfig, synth
from writ_async.errors import InputError, StorageError


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("publish") / "run"
    anyio.run(lambda: synth(SynthConfig(domains=("retail",), n=12, seed=3, world_size=60), out))
    return out


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_rows_stand_in_shards_whose_hashes_the_card_lists_and_the_bytes_are_the_same_each_time(
    run: Path, tmp_path: Path
) -> None:
    reports = [publish(run, str(tmp_path / name), shard_rows=5, license="mit") for name in ("one", "two")]
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    shards = reports[0].shards
    assert [shard.path for shard in shards] == [f"data/train-0000{n}-of-0000{len(shards)}.parquet" for n in range(3)]
    assert [shard.rows for shard in shards] == [5, 5, 2]
    card = (tmp_path / "one" / "README.md").read_text()
    for shard in shards:
        content = (tmp_path / "one" / shard.path).read_bytes()
        assert shard.sha256 == sha256(content).hexdigest()
        assert shard.sha256 in card
    frame = pl.read_parquet(tmp_path / "one" / "data" / "*.parquet")
    assert frame["id"].to_list() == [f"retail-s3-{n:05}#0" for n in range(12)]
    assert all(json.loads(text)[0]["role"] == "assistant" for text in frame["messages"])


def test_the_card_has_the_licence_the_funnel_the_levels_and_the_command_that_replays(run: Path, tmp_path: Path) -> None:
    publish(run, str(tmp_path / "out"), license="apache-2.0")
    card = (tmp_path / "out" / "README.md").read_text()
    head, _, body = card.removeprefix("---\n").partition("---\n")
    assert "license: apache-2.0" in head
    assert 'path: "data/train-*.parquet"' in head
    for words in ("What fell at which filter", "| W1R", "`writ replay run`", "digest `", "SHA-256"):
        assert words in body


def test_the_library_that_reads_data_sets_reads_it(run: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="datasets is not installed here; make test-trainers TRAINER=trl")
    publish(run, str(tmp_path / "out"), shard_rows=5)
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert loaded["train"].num_rows == 12
    assert loaded["train"][0]["kept"] is True


class Hub:
    """What stands in for `huggingface_hub.HfApi`: it keeps what it was given, or refuses."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.files: dict[str, bytes] = {}
        self.error: Exception | None = None

    def __call__(self) -> "Hub":
        return self

    def create_repo(self, name: str, **given: Any) -> None:
        if self.error is not None:
            raise self.error
        self.asked.append((name, given))

    def upload_folder(self, **given: Any) -> None:
        self.asked.append((given["repo_id"], given))
        self.files = files_of(Path(given["folder_path"]))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    module = ModuleType("huggingface_hub")
    module.HfApi = Hub()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "huggingface_hub", module)
    monkeypatch.setenv("HF_TOKEN", "hf_the-key-of-somebody")
    hub: Hub = module.HfApi
    return hub


def test_on_the_hub_the_files_are_those_of_a_folder_and_no_key_is_handed_on_or_written(
    run: Path, tmp_path: Path, hub: Hub
) -> None:
    publish(run, str(tmp_path / "out"))
    report = publish(run, "hub:me/rows")
    assert report.where == "https://huggingface.co/datasets/me/rows"
    assert hub.files == files_of(tmp_path / "out")
    assert [(name, given["repo_type"]) for name, given in hub.asked] == [("me/rows", "dataset")] * 2
    assert hub.asked[0][1]["private"]
    assert not any("token" in given for _, given in hub.asked)
    assert b"hf_the-key-of-somebody" not in b"".join([*hub.files.values(), *files_of(run).values()])
    publish(run, "hub:me/rows", public=True)
    assert not hub.asked[2][1]["private"]


def test_a_hub_that_refuses_is_told_of_in_one_line(run: Path, hub: Hub) -> None:
    hub.error = RuntimeError("401 Client Error\nUnauthorized")
    with pytest.raises(StorageError, match="did not take it: RuntimeError: 401 Client Error Unauthorized"):
        publish(run, "hub:me/rows")


@pytest.mark.parametrize(
    ("to", "settings", "words"),
    [
        ("taken", {}, "is there already"),
        ("hub:rows", {}, "hub:OWNER/NAME"),
        ("out", {"license": "a: b"}, "is no licence"),
        ("out", {"shard_rows": 0}, "at least 1"),
        ("out", {"filters": ("drop=evidence_complete",)}, "drop"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str, settings: dict[str, Any], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match=words):
        publish(run, to, **settings)
    assert files_of(tmp_path) == {"taken/mine.txt": b"mine"}


def test_without_the_extra_the_command_says_what_to_install(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(InputError, match=r"pip install 'writ-async\[hub\]'"):
        publish(run, "hub:me/rows")


def test_the_command_says_where_the_rows_are(run: Path, tmp_path: Path) -> None:
    done = called("publish", str(run), "--to", str(tmp_path / "out"), "--license", "mit")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == f"12 rows in 1 file, with a card: {tmp_path / 'out'}"
    done = called("publish", str(run), "--to", str(tmp_path / "again"), "--json")
    assert json.loads(done.stdout)["exported"]["rows"] == 12
