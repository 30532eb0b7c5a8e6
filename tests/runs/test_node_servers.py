"""The model servers of each machine: what may be asked for, and at which addresses they are."""

from __future__ import annotations

from typing import Any

import pytest

from writ_async.core.engine import Launch
from writ_async.errors import InputError, WritError
from writ_async.runs.node_servers import NodeServers, parse_node_servers
from writ_async.runs.ray_cluster import Node
from writ_async.runs.ray_servers import nodes_for
from writ_async.runs.seats import EngineSpec, Seats

MODEL = {"model": "/models/m"}


def seats(name: str = "sglang", **options: Any) -> Seats:
    return Seats(EngineSpec(name, MODEL | options))


@pytest.mark.parametrize(
    ("url", "per_node", "addresses"),
    [
        (None, 1, ["http://127.0.0.1:30000"]),
        (None, 3, ["http://127.0.0.1:30000", "http://127.0.0.1:30001", "http://127.0.0.1:30002"]),
        ("http://{node}:8000", None, ["http://10.0.0.7:8000"]),
        ("http://{node}:8000/v1", 2, ["http://10.0.0.7:8000/v1", "http://10.0.0.7:8001/v1"]),
        ("http://{node}:1, http://127.0.0.1:2", None, ["http://10.0.0.7:1", "http://127.0.0.1:2"]),
        (["http://[::1]:5"], 2, ["http://[::1]:5", "http://[::1]:6"]),
        ("http://u:p@{node}:5", 2, ["http://u:p@10.0.0.7:5", "http://u:p@10.0.0.7:6"]),
    ],
)
def test_servers_of_a_machine_are_counted_from_the_first_ones_port(
    url: Any, per_node: int | None, addresses: list[str]
) -> None:
    given = seats() if url is None else seats(url=url)
    servers = parse_node_servers(given, "ray", per_node=per_node)
    assert servers is not None
    assert list(servers.addresses_on("10.0.0.7")) == addresses
    assert given.at(addresses) == Seats(EngineSpec("sglang", MODEL | {"url": addresses}))


def test_without_a_word_of_them_the_engines_addresses_hold_for_all() -> None:
    assert parse_node_servers(seats(url="http://a:1"), "ray") is None
    assert parse_node_servers(seats(), "local") is None


def test_how_servers_are_started_is_told_as_to_writ_serve() -> None:
    options = {"tensor_parallel": "2", "python": "/p", "kv_tokens": "9", "extra": "--x 'a b' --y"}
    servers = parse_node_servers(seats(), "ray", start=True, options=options)
    launch = Launch(model="/models/m", tensor_parallel=2, python="/p", kv_tokens=9, extra=("--x", "a b", "--y"))
    assert servers == NodeServers(engine=EngineSpec("sglang", MODEL), launch=launch)
    assert servers.gpus == 2
    on_cpu = parse_node_servers(seats(), "ray", start=True, options={"device": "cpu"})
    assert on_cpu is not None
    assert on_cpu.gpus == 0


@pytest.mark.parametrize(
    ("given", "executor", "flags", "words"),
    [
        (seats(), "local", {"per_node": 2}, "--servers-per-node needs --executor ray"),
        (seats(), "local", {"start": True}, "--start-servers needs --executor ray"),
        (seats(), "ray", {"per_node": 0}, "--servers-per-node must be at least 1, not 0"),
        (Seats(), "ray", {"per_node": 1}, "the agent's engine scripted has no servers"),
        (seats("openai"), "ray", {"start": True}, "engine 'openai' has no server to start"),
        (seats(url="http://a:1"), "ray", {"start": True}, "leave out --engine-option url="),
        (Seats(EngineSpec("sglang")), "ray", {"start": True}, "--engine-option model=FOLDER"),
        (seats(), "ray", {"options": {"device": "cpu"}}, "--server-option needs --start-servers"),
        (seats(), "ray", {"start": True, "options": {"port": "1"}}, "no option 'port'; there are: context, "),
        (seats(), "ray", {"start": True, "options": {"context": "far"}}, "--server-option: .*context"),
        (seats(), "ray", {"start": True, "options": {"tensor_parallel": "0"}}, "must be at least 1, not 0"),
        (seats(url="http://a"), "ray", {"per_node": 2}, "needs the port of the first server"),
        (seats(url="http://a:65535"), "ray", {"per_node": 2}, "needs the port of the first server"),
        (seats(url="http://a:b"), "ray", {"per_node": 2}, "needs the port of the first server"),
        (seats(url="http://a:1,http://b:1"), "ray", {"per_node": 2}, "url names 2 servers; give the first alone"),
    ],
)
def test_what_cannot_be_is_said(given: Seats, executor: str, flags: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_node_servers(given, executor, **flags)


def test_machines_without_room_are_left_out_and_none_is_an_error() -> None:
    head, small, large = Node("a", "1", 8, 0), Node("b", "2", 8, 2), Node("c", "3", 2, 8)
    servers = parse_node_servers(seats(), "ray", start=True, options={"tensor_parallel": "4"})
    assert servers is not None
    assert nodes_for(servers, [head, small, large]) == [large]
    with pytest.raises(WritError, match=r"no machine of the cluster has 1 CPUs and 4 GPUs.* has are 2 GPUs"):
        nodes_for(servers, [head, small])
    on_cpu = parse_node_servers(seats(), "ray", per_node=4, start=True, options={"device": "cpu"})
    assert on_cpu is not None
    assert nodes_for(on_cpu, [head, small, large]) == [head, small]
