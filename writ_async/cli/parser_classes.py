"""How commands are parsed, their help laid out, and the version printed."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from importlib import import_module
from typing import Any, NoReturn

from writ_async.cli.terminal import complain, say

Command = Callable[[argparse.Namespace], int]


def run_later(module: str) -> Command:
    """The function that runs a command, imported only when it is called."""

    def run(arguments: argparse.Namespace) -> int:
        code: int = import_module(f"writ_async.cli.{module}").run_command(arguments)
        return code

    return run


class Formatter(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    """Keeps examples as they are, and says every default."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, False, "", 0) or isinstance(action.default, list):
            return action.help
        return super()._get_help_string(action)


class Parser(argparse.ArgumentParser):
    """The parser of a command; one that has `extra` in its defaults takes what stands after `--` as it is.

    One that has `--config` takes its defaults from the file that is named there.
    """

    def parse_known_args(self, args: Iterable[str] | None = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """As argparse does, with what stands after `--` in `extra` where the command takes that.

        Ends with one line where a flag is none of the command's: behind it argparse would print the usage of all.
        """
        words = list(args or ())
        if "--config" in self._option_string_actions and (path := _config_in(words)) is not None:
            from writ_async.cli.config_file import apply_config

            apply_config(self, path)
        takes_rest = self.get_default("extra") is not None and "--" in words
        place = words.index("--") if takes_rest else len(words)
        known, unknown = super().parse_known_args(words[:place], namespace)
        if takes_rest:
            known.extra = words[place + 1 :]
        if unknown:
            self._refuse(unknown[0])
        return known, unknown

    def _refuse(self, word: str) -> NoReturn:
        """End with what is wrong with a word that nothing takes, and the flag that is nearest to it."""
        flag = word.partition("=")[0]
        close = get_close_matches(flag, self._option_string_actions, 1) if flag.startswith("-") else []
        hint = f"did you mean {close[0]}?" if close and close[0] != flag else f"see {self.prog} --help"
        complain(f"{self.prog.rpartition(' ')[2]}: unrecognized arguments: {word}; {hint}")
        self.exit(2)


def _config_in(words: list[str]) -> str | None:
    """The file that `--config` names, if it stands there."""
    for place, word in enumerate(words):
        if word == "--config" and place + 1 < len(words):
            return words[place + 1]
        if word.startswith("--config="):
            return word.partition("=")[2]
    return None


def target(text: str) -> str:
    """The path of what is to be written. Raises `ArgumentTypeError` for an empty one, which would be some default."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty; name what is to be written")
    return text


class Version(argparse.Action):
    """Prints the version; it is only looked up when somebody asks."""

    def __init__(self, option_strings: list[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print the version, and end."""
        from importlib.metadata import version

        say(f"writ {version('writ-async')}")
        parser.exit()
