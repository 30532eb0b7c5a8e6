"""The folder's own tokenizer, and the limits on ids."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.models.folders import CHATML_SPECIAL, write_folder
from writ_async.chat import FamilyFormat, Parts, TokenRangeError, load_tokenizer, open_chat_format
from writ_async.chat.optional_modules import import_extra
from writ_async.chat.rendered_parts import split_marks, splitter
from writ_async.chat.tokenizer import load_reference
from writ_async.errors import InputError


def test_added_tokens_and_ends_are_read(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(write_folder(tmp_path, None))
    assert set(CHATML_SPECIAL) < set(tokenizer.added)
    assert tokenizer.end_ids == {tokenizer.added["<|im_end|>"], tokenizer.added["<|endoftext|>"]}
    assert tokenizer.added["<tool_call>"] not in tokenizer.special_ids
    assert tokenizer.limit == 1024


def test_the_limit_is_the_models_embedding_wherever_the_folder_says_it(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, None)
    used = load_tokenizer(write_folder(tmp_path / "none", None, vocab_size=None)).limit
    (folder / "config.json").write_text(json.dumps({"text_config": {"vocab_size": 2000}}))
    assert load_tokenizer(folder).limit == 2000
    assert used == 1 + max(load_tokenizer(folder).added.values())


def test_a_tokenizer_with_more_ids_than_its_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"config\.json says that the model has 300"):
        load_tokenizer(write_folder(tmp_path, None, vocab_size=300))


def test_end_ids_that_the_tokenizer_has_not_are_left_out(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, None)
    (folder / "config.json").write_text(json.dumps({"vocab_size": 151936, "eos_token_id": 151645}))
    assert max(load_tokenizer(folder).end_ids) < 1024


@pytest.mark.parametrize("text", ["", "{", '{"version": "1.0"}', '{"added_tokens": 3}'])
def test_a_file_that_is_no_tokenizer_is_bad_input(tmp_path: Path, text: str) -> None:
    folder = write_folder(tmp_path, None)
    (folder / "tokenizer.json").write_text(text)
    with pytest.raises(InputError, match=r"tokenizer\.json"):
        load_tokenizer(folder)


def test_a_folder_without_a_tokenizer_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        open_chat_format(tmp_path)


def test_a_limit_on_length_in_the_file_cuts_no_prompt(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, None)
    document = json.loads((folder / "tokenizer.json").read_text())
    document["truncation"] = {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0}
    (folder / "tokenizer.json").write_text(json.dumps(document))
    assert len(load_tokenizer(folder).encode("one two three four")) > 2


def test_ids_are_checked_against_the_range(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(write_folder(tmp_path, None))
    tokenizer.check([0, 1023])
    tokenizer.check([])
    for bad in (-1, 1024):
        with pytest.raises(TokenRangeError, match=f"token id {bad} "):
            tokenizer.check([0, bad])


@given(text=st.text(max_size=20), sampled=st.lists(st.integers(0, 1023), max_size=12))
def test_sequences_share_the_numbers_of_the_vocabulary_and_have_them_as_text(
    formats: dict[str, FamilyFormat], text: str, sampled: list[int]
) -> None:
    for chat in formats.values():
        tokenizer = chat.tokenizer
        written = [*tokenizer.encode(text), *tokenizer.added.values(), *sampled]
        first, second = (tokenizer.pack_ids(json.loads(json.dumps(written))) for _ in range(2))
        assert first.ids == written
        assert all(one is other for one, other in zip(first.ids, second.ids, strict=True))
        assert json.loads(b"[%b]" % first.text) == written


def test_a_mark_that_a_tokenizer_lacks_is_part_of_the_text(tmp_path: Path) -> None:
    """Qwen2.5's tokenizer has no token for tool results."""
    folder = write_folder(tmp_path, None, plain=("<tool_call>",))
    tokenizer, reference = load_tokenizer(folder), load_reference(folder)
    parts = Parts().mark("<|im_start|>").say("user\n").mark("<tool_response>").say("\nx").mark("<tool_call>")
    assert tokenizer.encode_parts(parts) == reference.encode(str(parts))


@given(text=st.text(alphabet=st.characters(), max_size=30))
def test_any_text_can_be_encoded_and_has_no_added_token(formats: dict[str, FamilyFormat], text: str) -> None:
    for chat in formats.values():
        ids = chat.tokenizer.encode(f"{text}<|im_end|><|eot_id|><tool_call>")
        assert not set(ids) & set(chat.tokenizer.added.values())
        assert chat.tokenizer.decode(ids).endswith("<|im_end|><|eot_id|><tool_call>")


@given(data=st.data())
def test_ids_are_the_text_that_the_library_gives_them(formats: dict[str, FamilyFormat], data: st.DataObject) -> None:
    for chat in formats.values():
        tokenizer = chat.tokenizer
        ids = data.draw(st.lists(st.integers(0, tokenizer.limit - 1), max_size=40))
        assert tokenizer.decode(ids) == tokenizer._backend.decode(ids, skip_special_tokens=False)


@pytest.mark.parametrize("added", ["a b", "naïve\u0120", "\u0120\u0121", "ÿ", "日本"])
def test_an_added_token_of_any_letters_is_read_as_the_library_reads_it(tmp_path: Path, added: str) -> None:
    folder = write_folder(tmp_path, None)
    document = json.loads((folder / "tokenizer.json").read_text())
    number = 1 + max(token["id"] for token in document["added_tokens"])
    document["added_tokens"].append({**document["added_tokens"][0], "id": number, "content": added})
    (folder / "tokenizer.json").write_text(json.dumps(document))
    tokenizer = load_tokenizer(folder)
    ids = [0, number, 5, number]
    assert tokenizer.decode(ids) == tokenizer._backend.decode(ids, skip_special_tokens=False)


@pytest.mark.parametrize("decoder", [None, {"type": "Fuse"}, {"type": "Metaspace", "replacement": "▁"}])
def test_a_vocabulary_of_another_kind_is_left_to_the_library(tmp_path: Path, decoder: dict[str, object] | None) -> None:
    folder = write_folder(tmp_path, None)
    document = json.loads((folder / "tokenizer.json").read_text())
    if decoder is not None and decoder["type"] == "Metaspace":
        decoder = {**decoder, "prepend_scheme": "always", "split": True}
    document["decoder"] = decoder
    (folder / "tokenizer.json").write_text(json.dumps(document))
    tokenizer = load_tokenizer(folder)
    ids = tokenizer.encode("Where is my order?")
    assert tokenizer.decode(ids) == tokenizer._backend.decode(ids, skip_special_tokens=False)


def test_halves_of_surrogate_pairs_become_question_marks(formats: dict[str, FamilyFormat]) -> None:
    tokenizer = formats["qwen3-instruct-2507"].tokenizer
    assert tokenizer.decode(tokenizer.encode("a\ud800b")) == "a?b"


@given(st.lists(st.sampled_from(["<a>", "<a", ">", "x", "<ab>"])).map("".join))
def test_splitting_at_marks_loses_nothing(text: str) -> None:
    parts = split_marks(text, splitter(["<a>", "<ab>"]))
    assert str(parts) == text
    assert set(parts.items[1::2]) <= {"<a>", "<ab>"}
    assert split_marks(text, splitter([])).items == [text]


def test_without_the_extra_there_is_one_line_that_says_what_to_install() -> None:
    with pytest.raises(InputError, match=r"pip install writ-async\[tokens\]"):
        import_extra("no_such_module_of_the_extra")


def test_importing_the_package_loads_neither_library() -> None:
    code = "import sys, writ_async.chat; print(sorted({'tokenizers', 'jinja2'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
