"""The model servers of each machine of a cluster: where they are, or how they are started there.

A worker on a machine plays against the servers of that machine. Either they run already, at addresses that are the same
on each (`{node}` in an address stands for the machine's own), or they are started for the run and stopped at its end.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit, urlunsplit

import msgspec

from writ_async.core.engine import Launch
from writ_async.errors import InputError
from writ_async.registry import load_engine
from writ_async.runs.seats import EngineSpec, Seats

NODE = "{node}"
HERE = "127.0.0.1"

_OURS = {"model", "host", "port", "dry_run"}  # the engine has a model, and each server a port of its own
LAUNCH_OPTIONS = tuple(name for name in Launch.__struct_fields__ if name not in _OURS)
"""What a caller may say of how servers are started."""


class NodeServers(msgspec.Struct, frozen=True, kw_only=True):
    """Which servers of `engine` each machine has.

    `per_node` of them; 0 for as many as its GPUs have room for, where they are started, and else for those that the
    engine's `url` names. `launch` says how each is started, but for its port; None where they run already.
    """

    engine: EngineSpec
    per_node: int = 0
    launch: Launch | None = None

    @property
    def gpus(self) -> int:
        """The GPUs of one server that is started; 0 for one on a CPU."""
        return 0 if self.launch is None or self.launch.device == "cpu" else self.launch.tensor_parallel

    def addresses_on(self, node: str) -> tuple[str, ...]:
        """Where the servers of a machine are that run already; `node` is its address. Raises `InputError`."""
        urls = _urls_of(self.engine)
        if self.per_node < 2 and not (self.per_node and len(urls) > 1):
            return tuple(url.replace(NODE, node) for url in urls)
        if len(urls) > 1:
            raise InputError(f"--servers-per-node {self.per_node}: url names {len(urls)} servers; give the first alone")
        parts = urlsplit(urls[0].replace(NODE, node))
        try:
            port = parts.port
        except ValueError:
            port = None
        if port is None or port + self.per_node - 1 > 65535:
            raise InputError(
                f"--servers-per-node {self.per_node}: url={urls[0]} needs the port of the first server, for the others "
                "are counted from it"
            )
        host = parts.netloc.rpartition(":")[0]
        return tuple(
            urlunsplit(parts._replace(netloc=f"{host}:{number}")) for number in range(port, port + self.per_node)
        )


def parse_node_servers(
    seats: Seats, executor: str, *, per_node: int | None = None, start: bool = False, options: Mapping[str, str] = {}
) -> NodeServers | None:
    """The servers of each machine from what a caller says; None where the engine's addresses hold for all.

    `options` are fields of `Launch` as text. Raises `InputError` for what cannot be.
    """
    if options and not start:
        raise InputError("--server-option needs --start-servers")
    agent = seats.agent
    named = isinstance(agent, EngineSpec) and NODE in str(agent.options.get("url", ""))
    if per_node is None and not start and not (named and executor == "ray"):
        return None
    flag = "--start-servers" if start else "--servers-per-node"
    if executor != "ray":
        raise InputError(f"{flag} needs --executor ray: here all servers are named by --engine-option url=A,B,...")
    if per_node is not None and per_node < 1:
        raise InputError(f"--servers-per-node must be at least 1, not {per_node}")
    if not isinstance(agent, EngineSpec) or "url" not in load_engine(agent.name).options.__struct_fields__:
        name = agent.name if isinstance(agent, EngineSpec) else "that was handed over"
        raise InputError(f"{flag}: the agent's engine {name} has no servers; name one with --engine")
    launch = _parse_launch(agent, options) if start else None
    servers = NodeServers(engine=agent, per_node=per_node or 0, launch=launch)
    if launch is None:
        servers.addresses_on(HERE)
    return servers


def _parse_launch(agent: EngineSpec, options: Mapping[str, str]) -> Launch:
    if load_engine(agent.name).launch is None:
        raise InputError(f"--start-servers: engine {agent.name!r} has no server to start")
    if "url" in agent.options:
        raise InputError("--start-servers: each server has a port of its own; leave out --engine-option url=")
    if not (model := agent.options.get("model")):
        raise InputError("--start-servers needs the model's folder: --engine-option model=FOLDER")
    if unknown := [name for name in options if name not in LAUNCH_OPTIONS]:
        raise InputError(f"--server-option: no option {unknown[0]!r}; there are: {', '.join(LAUNCH_OPTIONS)}")
    given = {name: shlex.split(text) if name == "extra" else text for name, text in options.items()}
    try:
        launch = msgspec.convert({**given, "model": str(model)}, Launch, strict=False)
    except msgspec.ValidationError as exc:
        raise InputError(f"--server-option: {exc}") from None
    if launch.tensor_parallel < 1:
        raise InputError(f"--server-option tensor_parallel must be at least 1, not {launch.tensor_parallel}")
    return launch


def _urls_of(engine: EngineSpec) -> Sequence[str]:
    given = engine.options.get("url")
    if given is None:
        fields = msgspec.structs.fields(load_engine(engine.name).options)
        given = next(field.default for field in fields if field.name == "url")
    return [part.strip() for part in given.split(",")] if isinstance(given, str) else list(given)
