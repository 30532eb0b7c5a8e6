"""What `writ doctor` says about servers that are well, misconfigured, broken, or none at all."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from writ_engines.sglang import ENGINE
from writ_engines.sglang.doctor import check_server

from bench.models.folders import write_folder
from tests.support.prefix_cache import PrefixCache
from writ_async.chat import FamilyFormat
from writ_async.core.engine import Check
from writ_async.core.message import AssistantMessage, make_call
from writ_async.errors import InputError

pytestmark = pytest.mark.asyncio

HEALTHY: dict[str, Any] = {
    "version": "0.5.20",
    "status": "ready",
    "max_req_input_len": 32762,
    "max_total_num_tokens": 100_000,
    "page_size": 1,
    "enable_cache_report": True,
    "enable_metrics": True,
    "disable_radix_cache": False,
    "tool_call_parser": "qwen",
}
CALL = {"name": "get_weather", "arguments": '{"city": "Paris"}'}
CHAT = {"choices": [{"message": {"content": None, "tool_calls": [{"id": "a", "type": "function", "function": CALL}]}}]}
UNSTABLE = """\
{%- for message in messages -%}
{{- '<|im_start|>' + message.role + '\n' + (message.content or '') + (' (last)' if loop.last) + '<|im_end|>\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}
"""


class Stub:
    """A server in the few answers that the doctor asks for; a test changes what is wrong with it."""

    def __init__(self, chat: FamilyFormat, folder: Path) -> None:
        self.chat = chat
        self.info: dict[str, Any] | None = {**HEALTHY, "model_path": str(folder)}
        self.ready = 200
        self.said = AssistantMessage(None, (make_call("a", "get_weather", {"city": "Paris"}),))
        self.completion: dict[str, Any] = CHAT
        self.cache: PrefixCache | None = PrefixCache()
        self.tokenize: Callable[[str], Sequence[int]] = chat.tokenizer.encode
        self.sent: list[list[int]] = []

    async def answer(self, request: web.Request) -> web.Response:
        """The answer to any request."""
        body = await request.json() if request.can_read_body else {}
        match request.path:
            case "/ready":
                return web.Response(status=self.ready)
            case "/server_info" if self.info is not None:
                return web.json_response(self.info)
            case "/tokenize":
                return web.json_response({"tokens": list(self.tokenize(body["prompt"]))})
            case "/generate":
                return web.json_response(self._generate(body["input_ids"], body["sampling_params"]))
            case "/v1/chat/completions":
                return web.json_response(self.completion)
        return web.json_response({"detail": "Not Found"}, status=404)

    def _generate(self, ids: list[int], sampling: dict[str, Any]) -> dict[str, Any]:
        self.sent.append(ids)
        written = [*self.chat.tokenizer.encode_parts(self.chat.write(self.said)), min(self.chat.stop_ids)]
        output = (written * sampling["max_new_tokens"])[: sampling["max_new_tokens"]]
        if not sampling.get("ignore_eos"):
            output = written
        cached = self.cache.match(ids) if self.cache else 0
        if self.cache:
            self.cache.insert([*ids, *output[:-1]])
        meta = {"id": "a", "finish_reason": {"type": "stop", "matched": output[-1]}, "cached_tokens": cached}
        return {"text": "", "output_ids": output, "meta_info": meta}


@pytest.fixture
def stub(qwen: FamilyFormat, folder: Path) -> Stub:
    return Stub(qwen, folder)


@asynccontextmanager
async def listening(stub: Stub) -> AsyncIterator[str]:
    """The address of a stub that listens while the block lasts."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", stub.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def look(stub: Stub, model: Path | None = None) -> dict[str, Check]:
    """The doctor's checks by name."""
    async with listening(stub) as url:
        checks = await check_server(url, None if model is None else str(model))
    assert len({check.name for check in checks}) == len(checks)
    assert all(check.advice for check in checks if check.status == "problem")
    return {check.name: check for check in checks}


async def test_a_healthy_server_has_nothing_but_good_findings(stub: Stub) -> None:
    checks = await look(stub)
    assert {check.status for check in checks.values()} == {"ok"}
    assert 'get_weather({"city": "Paris"})' in checks["tool call"].found


async def test_the_factory_has_the_check(stub: Stub) -> None:
    assert ENGINE.check is not None
    async with listening(stub) as url:
        assert {check.status for check in await ENGINE.check(url, None)} == {"ok"}


async def test_no_id_outside_the_vocabulary_is_sent(stub: Stub) -> None:
    await look(stub)
    assert stub.sent
    assert all(0 <= token < stub.chat.tokenizer.limit for ids in stub.sent for token in ids)


async def test_where_nothing_listens_the_command_that_starts_one_is_named() -> None:
    (check,) = await check_server("http://127.0.0.1:9", None)
    assert (check.name, check.status) == ("reachable", "problem")
    assert "writ serve" in check.advice


async def test_a_server_that_starts_is_to_be_waited_for(stub: Stub) -> None:
    stub.ready = 503
    checks = await look(stub)
    assert "still starting" in checks["reachable"].advice


async def test_another_kind_of_server_is_recognised(stub: Stub) -> None:
    stub.info = None
    checks = await look(stub)
    assert checks["reachable"].status == "problem"
    assert "openai" in checks["reachable"].advice


async def test_what_is_no_address_is_bad_input() -> None:
    with pytest.raises(InputError):
        await check_server("127.0.0.1", None)


@pytest.mark.parametrize(
    ("change", "name", "status", "words"),
    [
        ({"max_total_num_tokens": 8000}, "KV pool", "problem", "prompts longer than the pool"),
        ({"max_total_num_tokens": 20_000, "max_req_input_len": 8186}, "KV pool", "notice", "add memory"),
        ({"max_total_num_tokens": None}, "KV pool", "notice", "router"),
        ({"disable_radix_cache": True}, "prefix cache", "problem", "--disable-radix-cache"),
        ({"enable_cache_report": False}, "cache report", "notice", "--enable-cache-report"),
        ({"enable_metrics": False}, "metrics", "notice", "--enable-metrics"),
        ({"version": "0.4.9"}, "version", "notice", "were tested"),
        ({"version": "0.6.0.dev1"}, "version", "notice", "were tested"),
        ({"version": None}, "version", "notice", "router"),
    ],
)
async def test_what_a_server_says_of_itself_has_advice(
    stub: Stub, change: dict[str, Any], name: str, status: str, words: str
) -> None:
    assert stub.info is not None
    stub.info |= change
    check = (await look(stub))[name]
    assert check.status == status
    assert words in check.advice


async def test_a_second_turn_without_its_history_in_the_cache_is_a_problem(stub: Stub) -> None:
    stub.cache = None
    check = (await look(stub))["second turn"]
    assert check.status == "problem"
    assert check.found.startswith("0 of ")


async def test_a_server_with_another_tokenizer_is_a_problem_and_is_sent_none_of_our_ids(stub: Stub) -> None:
    stub.tokenize = lambda text: [7, 8, 9] * len(text.split())
    checks = await look(stub)
    assert checks["tokenizer"].status == "problem"
    assert "--model" in checks["tokenizer"].advice
    assert checks["second turn"].status == "ok"
    assert all(ids[:6] == [7, 8, 9, 7, 8, 9] for ids in stub.sent)


async def test_without_the_model_folder_the_cache_is_checked_all_the_same(stub: Stub) -> None:
    assert stub.info is not None
    stub.info["model_path"] = "/models/elsewhere"
    checks = await look(stub)
    assert "--model" in checks["model folder"].advice
    assert checks["second turn"].status == "ok"
    assert "template" not in checks


async def test_a_folder_that_cannot_be_opened_is_a_problem(stub: Stub, tmp_path: Path) -> None:
    checks = await look(stub, tmp_path)
    assert checks["model folder"].status == "problem"
    assert "tokenizer.json" in checks["model folder"].found


async def test_a_template_that_changes_earlier_turns_is_a_problem(stub: Stub, tmp_path: Path) -> None:
    check = (await look(stub, write_folder(tmp_path / "model", UNSTABLE)))["template"]
    assert check.status == "problem"
    assert "not prefix-stable" in check.found


async def test_a_model_that_calls_no_tool_is_noticed(stub: Stub) -> None:
    stub.said = AssistantMessage("It is sunny.")
    stub.completion = json.loads(json.dumps(CHAT))
    stub.completion["choices"][0]["message"] = {"content": "It is sunny."}
    checks = await look(stub)
    assert checks["tool call"].status == checks["tool parser"].status == "notice"
    assert "It is sunny." in checks["tool call"].found


async def test_a_server_without_a_tool_parser_is_noticed(stub: Stub) -> None:
    assert stub.info is not None
    stub.info["tool_call_parser"] = None
    stub.completion = {"choices": [{"message": {"content": "<tool_call>"}}]}
    assert "--tool-call-parser" in (await look(stub))["tool parser"].advice


async def test_a_chat_endpoint_that_answers_nonsense_is_noticed(stub: Stub) -> None:
    stub.completion = {"choices": []}
    assert (await look(stub))["tool parser"].status == "notice"
