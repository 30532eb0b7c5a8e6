"""How SGLang is started: flags that suit many long conversations, and the parser of the model's tool calls."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import msgspec

from writ_async.core.engine import Launch
from writ_async.errors import InputError

# How a family writes tool calls; the server needs the name of the parser, by the model type of config.json.
TOOL_PARSERS = {
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
# Models of a type in TOOL_PARSERS that write calls in another way show it in their chat template.
_MARKS = (("<function=", "qwen3_coder"),)


class _Config(msgspec.Struct):
    """What is read of a model folder's config.json."""

    model_type: str = ""


def launch_command(settings: Launch) -> list[str]:
    """The command of the server; words in `extra` stand last and replace our flags.

    Raises `InputError` when the model folder is not one, and, unless it is a dry run, when the interpreter is not there
    or has no SGLang.
    """
    model = find_model(settings.model)
    flags: list[list[str]] = [
        ["--model-path", str(model.resolve())],
        ["--host", settings.host],
        ["--port", str(settings.port)],
        # Waiting requests whose prefix is cached go first; with clients that stay within the pool it costs nothing.
        ["--schedule-policy", "lpm"],
        ["--enable-cache-report"],
        ["--enable-metrics"],
    ]
    if parser := find_tool_parser(model):
        flags.append(["--tool-call-parser", parser])
    if settings.context:
        flags.append(["--context-length", str(settings.context)])
    if settings.kv_tokens:
        flags.append(["--max-total-tokens", str(settings.kv_tokens)])
    if settings.tensor_parallel > 1:
        flags.append(["--tp-size", str(settings.tensor_parallel)])
    if settings.device:
        flags.append(["--device", settings.device])
    replaced = {flag.partition("=")[0] for flag in settings.extra if flag.startswith("--")}
    kept = [word for flag in flags if flag[0] not in replaced for word in flag]
    python = settings.python or sys.executable
    if not settings.dry_run:
        require_server(python)
    return [python, "-m", "sglang.launch_server", *kept, *settings.extra]


def find_model(path: str) -> Path:
    """The model folder. Raises `InputError` with what to do when there is none."""
    folder = Path(path)
    if (folder / "config.json").is_file():
        return folder
    if folder.exists():
        raise InputError(f"{path}: has no config.json; give the folder of a downloaded model")
    raise InputError(
        f"{path}: no such folder; download the model first: hf download ORG/NAME --local-dir {shlex.quote(path)}"
    )


def find_tool_parser(model: Path) -> str:
    """The tool-call parser of a model's family, or "" where it is not known."""
    try:
        config = msgspec.json.decode((model / "config.json").read_bytes(), type=_Config)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise InputError(f"{model / 'config.json'}: {exc}") from exc
    template = model / "chat_template.jinja"
    text = template.read_text(encoding="utf-8", errors="replace") if template.is_file() else ""
    for mark, parser in _MARKS:
        if mark in text:
            return parser
    return TOOL_PARSERS.get(config.model_type, "")


def require_server(python: str) -> None:
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
