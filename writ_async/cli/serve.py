"""`writ serve`: SGLang with flags that suit many long conversations.

The command becomes the server: this process is replaced by it, so signals and the exit code are the server's own.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import msgspec

from writ_async.errors import InputError

# How a family writes tool calls; the server needs the name of the parser, by the model type of config.json.
PARSERS = {
    "qwen2": "qwen",
    "qwen2_moe": "qwen",
    "qwen3": "qwen",
    "qwen3_moe": "qwen",
    "llama": "llama3",
    "mistral": "mistral",
    "deepseek_v3": "deepseekv3",
    "glm4_moe": "glm45",
    "gpt_oss": "gpt-oss",
    "kimi_k2": "kimi_k2",
}
# Models of a type in PARSERS that write calls in another way show it in their chat template.
_MARKS = (("<function=", "qwen3_coder"),)


class _Config(msgspec.Struct):
    """What is read of a model folder's config.json."""

    model_type: str = ""


def run(arguments: argparse.Namespace) -> int:
    """Print the command and become it; with `--dry-run`, print it only."""
    command = build_command(arguments)
    if arguments.dry_run:
        print(show(command))
        return 0
    check_python(command[0])
    print(show(command), file=sys.stderr, flush=True)
    os.execvp(command[0], command)


def build_command(arguments: argparse.Namespace) -> list[str]:
    """The command of the server; flags after `--` stand last and replace ours.

    Raises `InputError` when the model folder is not one.
    """
    model = check_model(arguments.model)
    flags: list[list[str]] = [
        ["--model-path", str(model.resolve())],
        ["--host", arguments.host],
        ["--port", str(arguments.port)],
        # Waiting requests whose prefix is cached go first; with clients that stay within the pool it costs nothing.
        ["--schedule-policy", "lpm"],
        ["--enable-cache-report"],
        ["--enable-metrics"],
    ]
    if parser := find_parser(model):
        flags.append(["--tool-call-parser", parser])
    if arguments.context:
        flags.append(["--context-length", str(arguments.context)])
    if arguments.kv_tokens:
        flags.append(["--max-total-tokens", str(arguments.kv_tokens)])
    if arguments.device:
        flags.append(["--device", arguments.device])
    replaced = {flag.partition("=")[0] for flag in arguments.extra if flag.startswith("--")}
    kept = [word for flag in flags if flag[0] not in replaced for word in flag]
    return [arguments.python or sys.executable, "-m", "sglang.launch_server", *kept, *arguments.extra]


def check_model(path: str) -> Path:
    """The model folder. Raises `InputError` with what to do when there is none."""
    folder = Path(path)
    if (folder / "config.json").is_file():
        return folder
    if folder.exists():
        raise InputError(f"{path}: has no config.json; give the folder of a downloaded model")
    raise InputError(
        f"{path}: no such folder; download the model first: hf download ORG/NAME --local-dir {shlex.quote(path)}"
    )


def find_parser(model: Path) -> str:
    """The tool-call parser of a model's family, or "" where it is not known."""
    try:
        config = msgspec.json.decode((model / "config.json").read_bytes(), type=_Config)
    except (OSError, msgspec.DecodeError) as exc:
        raise InputError(f"{model / 'config.json'}: {exc}") from exc
    template = model / "chat_template.jinja"
    text = template.read_text(encoding="utf-8", errors="replace") if template.is_file() else ""
    for mark, parser in _MARKS:
        if mark in text:
            return parser
    return PARSERS.get(config.model_type, "")


def check_python(python: str) -> None:
    """Raises `InputError` when the interpreter is not there or has no SGLang."""
    if python == sys.executable:
        try:
            metadata.version("sglang")
        except metadata.PackageNotFoundError:
            found = False
        else:
            found = True
    else:
        if shutil.which(python) is None:
            raise InputError(f"--python {python}: no such program")
        probe = [python, "-c", "from importlib import metadata; metadata.version('sglang')"]
        found = subprocess.run(probe, capture_output=True, check=False).returncode == 0
    if not found:
        raise InputError(
            f"SGLang is not installed for {python}; install it there (pip install sglang) "
            "or name the interpreter of its environment with --python PATH"
        )


def show(command: Sequence[str]) -> str:
    """The command as a person would type it, a flag to a line."""
    lines = [shlex.join(command[:3])]
    for word in command[3:]:
        quoted = shlex.quote(word)
        if word.startswith("-"):
            lines.append(quoted)
        else:
            lines[-1] += f" {quoted}"
    return " \\\n  ".join(lines)
