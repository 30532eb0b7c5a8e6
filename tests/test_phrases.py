"""Files of phrases: whatever the code names is there, and nothing is there that no code names."""

import re
from pathlib import Path
from random import Random

import pytest
from writ_domains.kit.phrasing import compose

from writ_async.files import Phrases, load_phrases

ROOT = Path(__file__).resolve().parents[1]
FILES = {
    "writ_domains.airline": ("phrases", ROOT / "domains/writ_domains/airline"),
    "writ_domains.retail": ("phrases", ROOT / "domains/writ_domains/retail"),
    "writ_domains.telecom": ("phrases", ROOT / "domains/writ_domains/telecom"),
    "writ_engines.scripted/user": ("user_lines", ROOT / "engines/writ_engines/scripted"),
    "writ_engines.scripted/agent": ("agent_lines", ROOT / "engines/writ_engines/scripted"),
}


@pytest.mark.parametrize("key", FILES)
def test_every_form_is_used_and_every_form_that_is_used_is_there(key: str) -> None:
    name, folder = FILES[key]
    phrases = load_phrases(key.partition("/")[0], f"{name}.toml")
    code = "\n".join(path.read_text() for path in folder.rglob("*.py"))
    imported = re.search(rf"import {name} as (\w+)", code)
    used = set(re.findall(rf"\b(?:{name}|{imported.group(1) if imported else name})\.([A-Z_]+)\b", code))
    for block in re.findall(rf"from [\w.]+\.{name} import \(?([^)\n]+)", code):
        used |= set(re.findall(r"[A-Z_]{2,}", block))
    indexed = set(re.findall(r"\b(?:forms|tables)\[\"([A-Z_]+)\"\]", code))
    there = phrases.forms.keys() | phrases.tables.keys()
    assert there - used - indexed == set()
    plain = set(re.findall(r"^([A-Z_]+)\b", (folder / f"{name}.py").read_text(), re.M))
    if not imported:  # where two files go by one name, the modules that import them say which is meant
        assert used - there - plain == set()


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="NOWHERE"):
        Phrases({}, {}).find_forms("NOWHERE")


@pytest.mark.parametrize("key", [key for key in FILES if key.startswith("writ_domains")])
def test_every_part_of_a_form_can_be_drawn_and_leaves_whole_sentences(key: str) -> None:
    name, _ = FILES[key]
    phrases = load_phrases(key, f"{name}.toml")
    tables = [forms for table in phrases.tables.values() for forms in table.values()]
    for form in (form for forms in [*phrases.forms.values(), *tables] for form in forms):
        assert form.count("[") == form.count("]"), form
        for seed in range(12):
            said = compose(Random(seed), form)
            assert not re.search(r"[\[\]|]|  | [.,;?!]|^ | $", said), (form, said)


def test_parts_are_drawn_from_the_inside_out_and_the_same_seed_draws_the_same() -> None:
    said = {compose(Random(seed), "I['d like| want [|only ]] to {}[.|, please.]") for seed in range(60)}
    assert said == {
        f"{start} to {{}}{end}" for start in ("I'd like", "I want ", "I want only ") for end in (".", ", please.")
    }
    assert compose(Random(3), "[a|b|c] {}") == compose(Random(3), "[a|b|c] {}")
