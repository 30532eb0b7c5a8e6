"""What `import writ_async.rl` brings with it: nothing heavy, and no extra."""

import doctest
import subprocess
import sys
from importlib import import_module

import pytest

HEAVY = ("polars", "aiohttp", "tokenizers", "jinja2", "rich", "lets_plot", "writ_async.verify", "writ_async.runs")

SHOW = """
import sys
import writ_async.rl
names = set(sys.modules)
from writ_async.rl import TokenEngine, WritEnv
print(sorted(names & {%(heavy)s}), len([name for name in names if name.startswith("writ_async")]))
print(sorted(set(sys.modules) & {%(heavy)s}))
"""


def test_the_import_brings_no_heavy_module_and_its_names_neither() -> None:
    code = SHOW % {"heavy": ", ".join(map(repr, HEAVY))}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    at_import, with_names = done.stdout.splitlines()
    assert at_import == "[] 2"  # the package and this one
    assert with_names == "[]"


@pytest.mark.parametrize("name", ["messages"])
def test_the_examples_in_docstrings_run(name: str) -> None:
    assert doctest.testmod(import_module(f"writ_async.rl.{name}")).failed == 0
