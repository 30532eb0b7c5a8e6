"""What a run says about itself: its manifest, and the prompts that its agents were given."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

import msgspec

from writ_async.conversation import Rules, agent_system_prompt
from writ_async.core.domain import Domain
from writ_async.core.environment import Environment
from writ_async.core.task import WorldRef
from writ_async.curation.quota import KeepRules
from writ_async.errors import InputError
from writ_async.runs.prompt_templates import OURS
from writ_async.runs.shards import WHOLE, Shard

FORMAT = 1
RunKind = Literal["synth", "eval", "select"]

_PACKAGES = ("writ-async", "msgspec", "anyio", "httptools", "uvloop")
_ABSENT = object()
_GROWS = ("n", "trials", "keep.rows", "keep.attempts")
"""Settings that may be raised when a run is gone on with: what is missing is played."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a run folder was made from. Nothing in it depends on the clock.

    `config` holds every setting that decides which rows the run has; settings of execution alone, such as the
    concurrency, stay out of it, so that a run may be resumed with others. `shard` is there in one of several.
    """

    kind: RunKind
    command: str
    config: dict[str, Any]
    worlds: tuple[WorldRef, ...] = ()
    seeds: dict[str, int] = {}
    versions: dict[str, str] = {}
    format: int = FORMAT
    shard: Shard | msgspec.UnsetType = msgspec.UNSET


class _Recorded(msgspec.Struct):
    """A manifest below another one, as far as it is looked into."""

    config: dict[str, Any]


class _Settings(msgspec.Struct):
    """The settings that are read back from a manifest, as each of them is written."""

    n: int = 1
    trials: int = 1
    stop_early: list[str] = []
    filters: list[str] = []
    keep: KeepRules | None = None
    judge: str = ""
    prompts: str = ""
    seats: dict[str, Any] = {}
    rules: dict[str, Any] = {}
    runs: list[_Recorded] = []


def require_settings(path: object, manifest: Manifest) -> Manifest:
    """The manifest, where its settings are of the kinds that a run writes. Raises `InputError` for the first other."""
    try:
        msgspec.convert(manifest.config, _Settings)
    except (msgspec.ValidationError, RecursionError) as exc:
        raise InputError(f"{path}: config: {exc}; correct the file") from None
    return manifest


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """What the agents of one domain were given: enough to export a row without the package's present texts.

    `system` is the whole system message where that is more than the policy. `writes` names the tools that change the
    state.
    """

    policy: str
    tools: tuple[dict[str, Any], ...]
    user_tools: tuple[dict[str, Any], ...] = ()
    writes: tuple[str, ...] = ()
    system: str = ""


def make_manifest(
    kind: RunKind,
    config: msgspec.Struct,
    worlds: Iterable[Environment],
    seed: int,
    shard: Shard = WHOLE,
    **further: Any,
) -> Manifest:
    """The manifest of a run with these settings; `further` ones are put beside those of `config`."""
    plain: dict[str, Any] = msgspec.to_builtins(config)
    # Left out where there is none, so that the runs of a version that knew no such rule can be gone on with.
    for key in ("stop_early", "filters", "keep", "from_failures", "judge_options", "phraser_check"):
        if not plain.get(key, True):
            del plain[key]
    for key in ("agent_prompt", "user_prompt", "user_retries", "retries_unreadable"):
        if not plain.get("rules", {}).get(key, True):
            del plain["rules"][key]
    if plain.get("rules", {}).get("seeded_by") == "request":
        del plain["rules"]["seeded_by"]
    if plain.get("prompts") in (OURS, ""):
        del plain["prompts"]
    return Manifest(
        kind=kind,
        command=f"writ {kind}",
        config=plain | further,
        worlds=tuple(environment.ref for environment in worlds),
        seeds={"run": seed},
        versions=package_versions(),
        shard=msgspec.UNSET if shard == WHOLE else shard,
    )


def joined_manifest(manifests: Sequence[Manifest], settings: msgspec.Struct, filters: Sequence[str]) -> Manifest:
    """The manifest of a run whose rows were selected out of others; its worlds are still to be named.

    What all were made with alike (who played, how assertions were judged) is there as in each; the manifests
    themselves are below `runs`. `filters` are the rules that hold for all. Raises `InputError` where assertions were
    judged differently: the rows' verdicts could not be made again.
    """
    judges = {manifest.config.get("judge", "assume-met") for manifest in manifests}
    if len(judges) > 1:
        raise InputError(f"the runs were judged by {' and '.join(sorted(judges))}; select from them apart")
    shared = {
        key: value
        for key, value in manifests[0].config.items()
        if key in ("seats", "judge", "rules") and all(other.config.get(key) == value for other in manifests)
    }
    own = {key: value for key, value in msgspec.to_builtins(settings).items() if key != "filters"}
    return Manifest(
        kind="select",
        command="writ select",
        config=shared
        | own
        | ({"filters": list(filters)} if filters else {})
        | {"runs": msgspec.to_builtins(manifests)},
        versions=package_versions(),
    )


def prompts_of(worlds: Iterable[Environment], rules: Rules) -> dict[str, Prompt]:
    """What the agents of each world are told under these rules, for the run folder."""
    return {
        prompt_key(opened.ref): prompt_of(
            opened.domain, agent_system_prompt(opened.domain.policy, rules.agent_prompt).content
        )
        for opened in worlds
    }


def prompt_of(domain: Domain, system: str = "") -> Prompt:
    """The prompt of a domain as it is now."""
    writes = tuple(tool.name for tool in domain.tools.values() if tool.kind == "write")
    return Prompt(
        policy=domain.policy, tools=domain.schemas, user_tools=domain.user_schemas, writes=writes, system=system
    )


def prompt_key(world: WorldRef) -> str:
    """The key of a world's prompt: its domain, after its source where that is a benchmark."""
    return world.domain if world.source == "generated" else f"{world.source}:{world.domain}"


def package_versions(packages: Iterable[str] = _PACKAGES) -> dict[str, str]:
    """The versions of Python and of those packages that are installed."""
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def require_same(path: object, then: Manifest, now: Manifest) -> None:
    """Refuse to go on with a run under other settings; raises `InputError` naming the first key that differs.

    How much there is to be may be more than it was.
    """
    for key, before, after in differences(then, now):
        if key in _GROWS and isinstance(before, int) and isinstance(after, int) and after > before:
            continue
        raise InputError(
            f"{path}: this run was made with {key} = {show_value(before)}, now it is {show_value(after)}; "
            "use the same settings, or another folder"
        )


def differences(one: Manifest, other: Manifest) -> Iterator[tuple[str, Any, Any]]:
    """The settings in which two runs differ, with both values."""
    for part in ("kind", "config", "worlds", "shard"):
        values = [getattr(manifest, part) for manifest in (one, other)]
        old, new = (_as_read_back({} if value is msgspec.UNSET else value) for value in values)
        yield from _find_differences(old, new, "" if part == "config" else part)


def grown_manifest(then: Manifest, now: Manifest) -> Manifest | None:
    """The manifest of a run that is to be more than it was; None where it is not. `require_same` must have passed."""
    config = _as_read_back(now.config)
    return None if _as_read_back(then.config) == config else msgspec.structs.replace(then, config=config)


def changed_versions(then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """One phrase per package that both know in different versions."""
    for name in sorted(then.keys() & now.keys()):
        if then[name] != now[name]:
            yield f"{name} {then[name]} → {now[name]}"


def _as_read_back(value: Any) -> Any:
    """The value as reading it back from JSON gives it."""
    return msgspec.json.decode(msgspec.json.encode(value))


def _find_differences(old: Any, new: Any, key: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            below = f"{key}.{name}" if key else name
            yield from _find_differences(old.get(name, _ABSENT), new.get(name, _ABSENT), below)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _find_differences(before, after, f"{key}[{index}]")
    elif old is not new and old != new:
        yield key, old, new


def show_value(value: Any) -> str:
    """A setting as a message tells it."""
    if value is _ABSENT:
        return "(not set)"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else f"{text[:57]}..."
