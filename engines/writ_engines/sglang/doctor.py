"""What `writ doctor` looks at on an SGLang server: a few short requests, one finding each.

Nothing here can harm a server: no id outside its vocabulary is sent, nothing is paused or flushed.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from writ_async.chat import ChatFormat, open_chat_format
from writ_async.chat.tokenizer import pack_text
from writ_async.core.engine import Check
from writ_async.core.message import Message, SystemMessage, UserMessage
from writ_async.errors import EngineError, EngineErrorKind, InputError
from writ_engines.http import HttpClient
from writ_engines.sglang.options import usual_access
from writ_engines.sglang.server import SAMPLE, ServerInfo, tokenize
from writ_engines.sglang.wire import Answer, check_answer, parse_answer, single_body

TESTED = ("0.5.17", "0.5.23")
"""The first and the last version of SGLang that this engine was run against."""
_SECONDS = 60.0
_CONVERSATION = 6000  # tokens of a usual conversation at its end, policy and tools included
_ASK = "What is the weather in Paris?"
_WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


class _Info(ServerInfo, frozen=True, kw_only=True):
    """What the checks read of `/server_info` beside what the engine reads."""

    enable_cache_report: bool | None = None
    enable_metrics: bool | None = None
    disable_radix_cache: bool | None = None
    schedule_policy: str | None = None


async def check_server(url: str, model: str | None) -> list[Check]:
    """All checks of the server at `url`. `model` is the model's folder; without it the server's own path is tried.

    Raises `InputError` for an address that is none.
    """
    HttpClient(url)  # refuses what is no address in its own words
    access = usual_access([url])
    client = HttpClient(url, headers=access.headers, secrets=access.secrets, timeout=_SECONDS)
    try:
        checks, info = await _reach(client)
        checks += [Check("key", "notice", line, "") for line in access.notices]
        if info is None:
            return checks
        folder_checks, chat = _open_folder(info, model)
        checks += [*_settings(info), *folder_checks]
        if chat is not None:
            tokenizer_checks, same = await _tokenizer(client, info, chat)
            checks += [*_template(chat), *tokenizer_checks]
            if not same:  # ids of another model might end the server
                chat = None
        checks.append(await _second_turn(client, info, chat))
        if chat is not None:
            checks.append(await _tool_call(client, chat))
        checks.append(await _tool_parser(client, info))
        return checks
    finally:
        await client.aclose()


async def _reach(client: HttpClient) -> tuple[list[Check], _Info | None]:
    try:
        await client.get("/ready")
    except EngineError as exc:
        if exc.kind is EngineErrorKind.OVERLOADED:
            advice = "it is still starting: wait, or see its log"
        else:
            advice = "start one with `writ serve MODEL`, or see whether the address and port are right"
        if exc.kind != "not_found":
            return [Check("reachable", "problem", str(exc), advice)], None
    body = None
    for path in ("/server_info", "/get_server_info"):
        try:
            body = await client.get(path)
            break
        except EngineError as exc:
            failure = str(exc)
    try:
        info = msgspec.json.decode(body or b"", type=_Info)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        found = f"it answers, but not as SGLang does: {failure if body is None else exc}"
        return [
            Check("reachable", "problem", found, "give the address of an SGLang server; for another, use openai")
        ], None
    return [Check("reachable", "ok", f"{client.base_url} is ready"), _version(info)], info


def _version(info: _Info) -> Check:
    first, last = TESTED
    if info.version is None:
        return Check("version", "notice", "unknown", f"a router? versions {first} to {last} of the server were tested")
    if not _number(first) <= _number(info.version) <= _number(last):
        return Check("version", "notice", info.version, f"versions {first} to {last} were tested; run the live tests")
    return Check("version", "ok", info.version)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:3] if part.isdigit())


def _settings(info: _Info) -> list[Check]:
    """The checks that need no request."""
    checks = [Check("model", "ok" if info.model_path else "notice", info.model_path or "not told")]
    context, pool = info.context, info.max_total_num_tokens
    if context is None or pool is None:
        checks.append(Check("KV pool", "notice", "not told", "ask the workers behind the router one by one"))
    else:
        found = f"{pool:,} tokens, context {context:,}: about {pool // _CONVERSATION:,} live conversations of 6k tokens"
        if pool < context:
            advice = "prompts longer than the pool are refused: give it more memory, or --context a smaller value"
            checks.append(Check("KV pool", "problem", found, advice))
        elif pool < 4 * _CONVERSATION:
            checks.append(Check("KV pool", "notice", found, "few conversations can keep their prefixes; add memory"))
        else:
            checks.append(Check("KV pool", "ok", found))
    if info.disable_radix_cache:
        advice = "start it without --disable-radix-cache: every turn computes its whole prompt anew"
        checks.append(Check("prefix cache", "problem", "switched off", advice))
    if info.enable_cache_report is False:
        advice = "start it with --enable-cache-report, or the openai engine sees no cached tokens"
        checks.append(Check("cache report", "notice", "off", advice))
    elif info.enable_cache_report:
        checks.append(Check("cache report", "ok", "on"))
    if info.enable_metrics is False:
        checks.append(
            Check("metrics", "notice", "off", "start it with --enable-metrics to watch its queue and KV pool")
        )
    elif info.enable_metrics:
        checks.append(Check("metrics", "ok", "on"))
    return checks


def _open_folder(info: _Info, model: str | None) -> tuple[list[Check], ChatFormat | None]:
    folder = model or info.model_path
    if folder is None or not Path(folder).is_dir():
        found = f"{folder}: not a folder of this machine" if folder else "the server does not tell its model"
        return [Check("model folder", "notice", found, "give --model FOLDER to check the template and the tools")], None
    try:
        return [], open_chat_format(folder)
    except InputError as exc:
        return [Check("model folder", "problem", str(exc), "the sglang engine needs the folder's own tokenizer")], None


def _template(chat: ChatFormat) -> list[Check]:
    if chat.stable and not chat.notices:
        return [Check("template", "ok", f"prefix-stable; our {chat.name} renderer gives the folder's template's bytes")]
    status: Any = "notice" if chat.stable else "problem"
    advice = "" if chat.stable else "its turns are rendered whole and the cache misses: use a prefix-stable template"
    return [Check("template", status, "; ".join(chat.notices), advice)]


async def _tokenizer(client: HttpClient, info: _Info, chat: ChatFormat) -> tuple[list[Check], bool]:
    """Which ids may be sent, and whether the server has the tokenizer of the folder (as far as it tells)."""
    limit = chat.tokenizer.limit
    checks = [Check("ids", "ok", f"every id is checked against 0..{limit - 1:,} before it is sent")]
    if info.skip_tokenizer_init:
        return checks, True
    try:
        theirs = await tokenize(client, SAMPLE)
    except EngineError as exc:
        return [*checks, Check("tokenizer", "notice", f"the server's could not be asked: {exc}")], True
    if theirs == chat.tokenizer.encode(SAMPLE):
        return [*checks, Check("tokenizer", "ok", "the server's ids are the folder's")], True
    advice = "--model must be the folder that the server was started with; ids of another model can end the server"
    return [*checks, Check("tokenizer", "problem", "the server's ids are not the folder's", advice)], False


async def _generate(client: HttpClient, ids: Sequence[int], sampling: dict[str, Any]) -> Answer:
    body = single_body(f"doctor-{secrets.token_hex(8)}", pack_text(ids), msgspec.json.encode(sampling), False)
    return check_answer(parse_answer(await client.post("/generate", body)))


async def _second_turn(client: HttpClient, info: _Info, chat: ChatFormat | None) -> Check:
    """Token in, token out: the second turn must find the first one's prompt and output in the cache, less one."""
    # A word that was never said before: what an earlier look left in the cache must not count.
    first, second = f"Hello {secrets.token_hex(16)}, how are you?", " And now?"
    sampling = {"temperature": 0, "max_new_tokens": 16, "ignore_eos": True}
    try:
        if chat is None:
            ids, tail = [await tokenize(client, text) for text in (first, second)]
        else:
            ids = chat.first([SystemMessage("You are brief."), UserMessage(first)], ()).ids
            tail = chat.tokenizer.encode(second)
        output = (await _generate(client, ids, sampling)).output_ids
        answer = await _generate(client, [*ids, *output, *tail], sampling)
    except EngineError as exc:
        return Check("second turn", "problem", f"no answer: {exc}", "see the server's log")
    expected = len(ids) + len(output) - 1
    cached, page = answer.meta_info.cached_tokens or 0, info.page_size or 1
    found = f"{cached} of {expected} tokens of the first turn came from the cache"
    if cached >= expected // page * page:
        return Check("second turn", "ok", found)
    advice = "look for --disable-radix-cache, a full KV pool, or a router that sends the turns to different workers"
    return Check("second turn", "problem", found, advice)


async def _tool_call(client: HttpClient, chat: ChatFormat) -> Check:
    """Ask for something that needs a tool, by token ids, and read the answer as the engine does."""
    messages: list[Message] = [SystemMessage("You are brief. Use the tools."), UserMessage(_ASK)]
    sampling = {"temperature": 0, "max_new_tokens": 256, "stop_token_ids": sorted(chat.stop_ids)}
    try:
        session = chat.session([_WEATHER])
        answer = await _generate(client, session.prompt(messages).ids, sampling)
        parsed = session.receive(answer.output_ids)
    except EngineError as exc:
        return Check("tool call", "problem", f"no answer: {exc}", "see the server's log")
    calls = [f"{call.function.name}({call.function.arguments})" for call in parsed.message.tool_calls]
    if calls and not parsed.defects:
        return Check("tool call", "ok", f"asked for the weather, the model called {', '.join(calls)}")
    if calls or parsed.defects:
        advice = "the model is told of each such call; expect rejected rows"
        return Check("tool call", "notice", f"{', '.join(calls)} ({', '.join(parsed.defects)})", advice)
    advice = "a model that is not trained for tools, or a template that does not show them"
    return Check("tool call", "notice", f"the model called no tool; it said {_short(parsed.message.content)}", advice)


async def _tool_parser(client: HttpClient, info: _Info) -> Check:
    """The same through `/v1/chat/completions`, where the server renders and parses."""
    body = {
        "model": info.model_path or "default",
        "temperature": 0,
        "max_tokens": 256,
        "messages": [{"role": "user", "content": _ASK}],
        "tools": [_WEATHER],
    }
    try:
        answer = msgspec.json.decode(await client.post("/v1/chat/completions", msgspec.json.encode(body)))
        message = answer["choices"][0]["message"]
        calls, content = message.get("tool_calls") or (), message.get("content")
    except (
        EngineError,
        msgspec.DecodeError,
        UnicodeDecodeError,
        RecursionError,
        LookupError,
        TypeError,
        AttributeError,
    ) as exc:
        return Check("tool parser", "notice", f"no chat completion: {exc}", "only the openai engine needs it")
    if calls:
        return Check(
            "tool parser", "ok", f"the server parses tool calls ({info.tool_call_parser or 'parser not told'})"
        )
    if info.tool_call_parser is None:
        advice = "start it with --tool-call-parser, or the openai engine gets calls as text (sglang parses them itself)"
        return Check("tool parser", "notice", "none", advice)
    found = f"{info.tool_call_parser}; nothing to parse, the model said {_short(content)}"
    return Check("tool parser", "notice", found, "see the tool call above")


def _short(text: str | None) -> str:
    return repr((text or "")[:60])
