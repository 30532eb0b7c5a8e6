"""Files of phrases: whatever the code names is there, and nothing is there that no code names."""

import re
from pathlib import Path

import pytest

from writ_async.files import Phrases, load_phrases

ROOT = Path(__file__).resolve().parents[1]
FILES = {
    "writ_domains.airline": ("phrases", ROOT / "domains/writ_domains/airline"),
    "writ_domains.retail": ("phrases", ROOT / "domains/writ_domains/retail"),
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
