"""The engine against a server on 127.0.0.1: what it sends, what it tries again, and what it says when it gives up."""

import json
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from writ_engines.http import HttpOptions
from writ_engines.openai import ENGINE, OpenAIEngine, OpenAIOptions

from tests.support.chat_double import Answer, Asked, Double, chat, refusal, said, serve
from writ_async import clock
from writ_async.core.engine import Completion, Engine, Request, Setting, close_engine, end_session
from writ_async.core.message import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage, make_call
from writ_async.errors import ContextWindowError, EngineError, EngineErrorKind

SECRET = "sk-test-Zq81xV0pLmN3"
TOOLS = ({"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}},)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits between attempts are noted, not waited; the clock that the engine sees goes on by them."""
    waits: list[float] = []
    loop_time = clock.loop_time

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("anyio.sleep", sleep)
    monkeypatch.setattr(clock, "loop_time", lambda: loop_time() + sum(waits))
    return waits


def request(turn: int = 0, messages: list[Message] | None = None) -> Request:
    return Request(
        id=f"t#0/agent/{turn}", session="t#0/agent", seat="agent", task_id="t", trial=0, turn=turn, seed=7,
        messages=messages or [SystemMessage("Help."), UserMessage("Hi.")], tools=TOOLS,
    )  # fmt: skip


def talk(
    answer: Callable[[Asked], Answer], *requests: Request, **options: Any
) -> tuple[list[Completion | EngineError], Double, OpenAIEngine]:
    """What each request brought, completion or error, from a new engine."""

    async def run() -> tuple[list[Completion | EngineError], Double, OpenAIEngine]:
        results: list[Completion | EngineError] = []
        async with serve(answer) as double:
            engine = OpenAIEngine(OpenAIOptions(**{"model": "m", "url": double.url, **options}))
            for item in requests or (request(),):
                try:
                    results.append(await engine.complete(item))
                except EngineError as exc:
                    results.append(exc)
            await engine.aclose()
        return results, double, engine

    return anyio.run(run)


def in_turn(*answers: Answer) -> Callable[[Asked], Answer]:
    """Each answer once, the last for ever."""
    return lambda asked: answers[min(asked.number, len(answers) - 1)]


def test_a_request_carries_the_key_and_the_body_as_json() -> None:
    (completion,), double, _ = talk(lambda _: said("Hello."), temperature=0.0)
    assert isinstance(completion, Completion)
    assert completion.message == AssistantMessage("Hello.")
    (asked,) = double.asked
    assert asked.headers["Authorization"] == f"Bearer {SECRET}"
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.body == {
        "model": "m",
        "messages": [{"role": "system", "content": "Help."}, {"role": "user", "content": "Hi."}],
        "tools": list(TOOLS),
        "tool_choice": "auto",
        "seed": 7,
        "temperature": 0.0,
    }


def test_azures_header_and_version_and_headers_of_the_environment_go_with_every_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TEAM", "team-Secret-77")
    _, double, _ = talk(
        lambda _: said("Hello."),
        key_header="api-key",
        api_version="2024-10-21",
        headers='{"X-Team": "$TEAM", "X-Plain": "yes"}',
    )
    (asked,) = double.asked
    assert asked.query == "api-version=2024-10-21"
    assert asked.headers["api-key"] == SECRET
    assert "Authorization" not in asked.headers
    assert (asked.headers["X-Team"], asked.headers["X-Plain"]) == ("team-Secret-77", "yes")


def test_headers_of_the_callers_go_out_once_and_win_over_the_key_of_the_environment_and_our_own() -> None:
    given = {"authorization": "Bearer of-this-episode", "content-type": "application/json; charset=utf-8"}
    _, double, _ = talk(lambda _: said("Hello."), headers=given)
    (asked,) = double.asked
    assert [value for name, value in asked.headers.items() if name.lower() in given] == list(given.values())


def test_what_a_header_holds_is_in_no_error_when_a_server_repeats_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM", "team-Secret-77")
    answers = in_turn(refusal(400, {"error": {"message": "you sent team-Secret-77"}}), refusal(418, "x team-Secr"))
    results, _, _ = talk(answers, *[request()] * 2, attempts=1, headers={"X-Team": "$TEAM"})
    for result in results:
        assert isinstance(result, EngineError)
        assert "team-Secr" not in f"{result} {result!r}"


def test_a_conversation_goes_on_with_what_the_model_said() -> None:
    call = make_call("call_a", "look", {})
    first, second = request(), request(1)
    thinking = AssistantMessage("One moment.", (call,), "Look first.")
    view = [*first.messages, thinking, ToolMessage("call_a", "nothing")]
    second = request(1, view)
    answers = in_turn(chat(AssistantMessage("One moment.", (call,)), reasoning_content="Look first."), said("Sorry."))
    (one, two), double, _ = talk(answers, first, second)
    assert isinstance(one, Completion)
    assert isinstance(two, Completion)
    assert one.message == view[2]
    sent = double.asked[1].body["messages"]
    assert sent[:2] == double.asked[0].body["messages"]
    assert sent[2]["tool_calls"][0]["id"] == sent[3]["tool_call_id"] == "call_a"


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning"])
@pytest.mark.parametrize("send", ["auto", "always", "never"])
def test_what_was_thought_goes_back_where_servers_want_it(key: str, send: str) -> None:
    call = make_call("call_a", "look", {})
    first = request()
    called = AssistantMessage(None, (call,), "Look first.")
    told = AssistantMessage("Nothing.", reasoning="Say so.")
    view = [*first.messages, called, ToolMessage("call_a", "nothing"), told, UserMessage("Look again.")]
    answers = in_turn(
        chat(AssistantMessage(None, (call,)), **{key: "Look first."}),
        chat(AssistantMessage("Nothing."), **{key: "Say so."}),
        said("Sorry."),
    )
    requests = (first, request(1, view[:-2]), request(2, view))
    completions, double, _ = talk(answers, *requests, send_reasoning=send)
    assert [item.message for item in completions if isinstance(item, Completion)][:2] == [called, told]
    turns = [message for message in double.asked[2].body["messages"] if message["role"] == "assistant"]
    sent = [message.get(key) for message in turns][-2:]
    assert sent == {"auto": ["Look first.", None], "always": ["Look first.", "Say so."], "never": [None, None]}[send]
    assert all(set(message) <= {"role", "content", "tool_calls", key} for message in turns)


def test_a_server_that_refuses_turns_without_their_thoughts_is_served_from_a_row_as_well() -> None:
    """What was thought may come from a row, so that the server's key is not known yet."""
    call = make_call("call_a", "look", {})
    first = request()
    view = [*first.messages, AssistantMessage(None, (call,), "Look first."), ToolMessage("call_a", "nothing")]

    def strict(asked: Asked) -> Answer:
        turns = [message for message in asked.body["messages"] if message.get("tool_calls")]
        if all(message.get("reasoning_content") for message in turns):
            return said("Sorry.")
        return refusal(400, {"error": {"message": "The reasoning_content must be passed back."}})

    (one,), _, _ = talk(strict, request(1, view))
    assert isinstance(one, Completion)
    (two,), _, _ = talk(strict, request(1, view), send_reasoning="never")
    assert isinstance(two, EngineError)


def test_an_id_that_a_server_gives_again_in_a_later_turn_is_made_unique() -> None:
    call = make_call("functions.look:0", "look", {})
    first = request()
    view = [*first.messages, AssistantMessage(None, (call,)), ToolMessage(call.id, "nothing")]
    (one, two), _, _ = talk(lambda _: chat(AssistantMessage(None, (call,))), first, request(1, view))
    assert isinstance(one, Completion)
    assert isinstance(two, Completion)
    assert one.message.tool_calls[0].id == "functions.look:0"
    assert two.message.tool_calls[0].id == "call_1_0"


@pytest.mark.parametrize(
    "failure",
    [
        refusal(503, {"object": "error", "message": "The request queue is full.", "type": "503", "code": 503}),
        refusal(429, {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}),
        refusal(500, "Internal Server Error"),
        refusal(502, "<html>Bad Gateway</html>"),
        Answer(reset=True),
        Answer(said("Half").body[:40], cut=True),
        Answer(said("Half").body[:40]),
        Answer(b""),
        chat(AssistantMessage("Half"), finish="abort"),
        Answer(b'{"error": {"message": "upstream is busy", "code": 502}}'),
    ],
)
def test_what_may_pass_is_tried_again(failure: Answer) -> None:
    (completion,), double, engine = talk(in_turn(failure, failure, said("Hello.")))
    assert isinstance(completion, Completion)
    assert completion.message.content == "Hello."
    assert completion.usage.requests == 1
    assert len(double.asked) == 3
    assert len({asked.raw for asked in double.asked}) == 1
    assert (engine.statistics.attempts, engine.statistics.recovered) == (3, 1)


def test_it_gives_up_after_as_many_attempts_as_it_may_make() -> None:
    (error,), double, _ = talk(lambda _: refusal(503, {"error": "busy"}), attempts=5)
    assert isinstance(error, EngineError)
    assert error.kind is EngineErrorKind.OVERLOADED
    assert "5 attempts" in str(error)
    assert len(double.asked) == 5


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "9"}, 9),
        ({"Retry_After": "9.5"}, 9.5),
        ({"retry_after_ms": "9250"}, 9.25),
        ({"Retry_After": "Wed, 31 Dec 2025 10:00:09 GMT", "Date": "Wed, 31 Dec 2025 10:00:00 GMT"}, 9),
    ],
)
def test_it_waits_as_long_as_the_server_asks_for(
    no_waiting: list[float], status: int, headers: dict[str, str], seconds: float
) -> None:
    talk(in_turn(refusal(status, {"error": "slow down"}, **headers), said("Hello.")))
    assert no_waiting == pytest.approx([seconds], abs=0.05)


def test_it_waits_as_long_as_its_deadline_allows_and_asks_once_more(no_waiting: list[float]) -> None:
    (error,), double, _ = talk(lambda _: refusal(503, "busy", Retry_After="1000"), deadline=60.0)
    assert isinstance(error, EngineError)
    assert "let no call pass for 60 s" in str(error)
    assert len(double.asked) == 2
    assert no_waiting == pytest.approx([60], abs=1)
    (completion,), _, _ = talk(in_turn(refusal(429, "no", Retry_After="1000"), said("Hello.")), deadline=60.0)
    assert isinstance(completion, Completion)


def test_a_limit_uses_up_no_attempts() -> None:
    slow = refusal(429, {"error": {"message": "Quota exceeded: 120 requests per minute"}}, Retry_After="1")
    (completion,), double, engine = talk(in_turn(*[slow] * 30, said("Hello.")), attempts=2)
    assert isinstance(completion, Completion)
    assert len(double.asked) == 31
    assert engine.statistics.failures == {"overloaded": 30}


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (refusal(400, {"error": {"message": "bad seed"}}), "bad_request", "bad seed"),
        (refusal(401, {"error": {"message": f"Incorrect API key: {SECRET}"}}), "unauthorized", "OPENAI_API_KEY"),
        (refusal(403, {"error": {"message": "region"}}), "unauthorized", "region"),
        (refusal(404, {"error": {"message": "The model `m` does not exist"}}), "not_found", "knows no model 'm'"),
        (refusal(429, {"error": {"message": "x", "type": "insufficient_quota"}}), "quota", "x"),
        (refusal(429, {"error": {"message": "You exceeded your current quota"}}), "quota", "no credit left"),
        (refusal(302, "", Location="http://elsewhere"), "bad_request", "HTTP 302"),
        (chat(AssistantMessage(""), finish="content_filter"), "content_filter", "withheld"),
    ],
)
def test_what_will_not_pass_is_asked_once(answer: Answer, kind: str, words: str) -> None:
    (error,), double, _ = talk(lambda _: answer, attempts=1)
    assert isinstance(error, EngineError)
    assert error.kind == kind
    assert words in str(error)
    assert SECRET not in str(error)
    (_,), double, _ = talk(lambda _: answer, attempts=6)
    assert len(double.asked) == 1


def test_a_prompt_that_is_too_long_ends_with_that_reason() -> None:
    message = "The input (18012 tokens) is longer than the model's context length (8192 tokens)."
    body = {"object": "error", "message": message, "type": "BadRequestError", "param": None, "code": 400}
    (error,), double, _ = talk(lambda _: refusal(400, body))
    assert isinstance(error, ContextWindowError)
    assert message in str(error)
    assert len(double.asked) == 1


@pytest.mark.parametrize("message", [AssistantMessage(""), AssistantMessage(None), AssistantMessage(" \n")])
@pytest.mark.parametrize("thought", [None, "Hm."])
def test_an_answer_in_which_nothing_is_said_is_asked_for_again(message: AssistantMessage, thought: str | None) -> None:
    empty = chat(message, reasoning_content=thought)
    (completion,), double, engine = talk(in_turn(empty, empty, said("Hello.")))
    assert isinstance(completion, Completion)
    assert completion.message.content == "Hello."
    assert (len(double.asked), engine.statistics.failures) == (3, {"empty": 2})


def test_a_server_that_gives_nothing_again_and_again_has_failed() -> None:
    (error,), double, engine = talk(lambda _: said(""))
    assert isinstance(error, EngineError)
    assert error.kind is EngineErrorKind.EMPTY
    assert "gave nothing 5 times" in str(error)
    assert len(double.asked) == 5
    assert engine.statistics.given_up == {"empty": 1}


def test_an_answer_that_was_cut_before_anything_was_said_is_the_models() -> None:
    (completion,), double, _ = talk(lambda _: chat(AssistantMessage(""), finish="length"))
    assert isinstance(completion, Completion)
    assert completion.finish_reason == "length"
    assert len(double.asked) == 1


@pytest.mark.parametrize("finish", [None, "eos", "whatever", 7])
def test_a_finish_reason_that_is_a_servers_own_is_learnt(finish: Any) -> None:
    body = json.loads(said("Hello.").body)
    body["choices"][0]["finish_reason"] = finish
    odd = Answer(json.dumps(body).encode())
    results, double, _ = talk(lambda _: odd, *[request()] * 3, attempts=40)
    assert [isinstance(result, Completion) and result.message.content for result in results] == ["Hello."] * 3
    assert len(double.asked) == 2 + 3


@pytest.mark.parametrize("finish", ["end_turn", "STOP", "stop_sequence"])
def test_other_words_for_a_whole_answer_are_known(finish: str) -> None:
    (completion,), double, _ = talk(lambda _: chat(AssistantMessage("Hello."), finish=finish))
    assert isinstance(completion, Completion)
    assert (completion.finish_reason, len(double.asked)) == ("stop", 1)


def small(context: int, prompt: int) -> Callable[[Asked], Answer]:
    """A server with room for so many tokens, and a prompt of so many."""

    def answer(asked: Asked) -> Answer:
        wanted = asked.body["max_tokens"]
        if prompt + wanted > context:
            text = f"maximum context length is {context} tokens and your request has {prompt} input tokens"
            return refusal(400, {"error": {"message": f"max_tokens is too large: {wanted}. The {text}."}})
        return said(f"{wanted} tokens")

    return answer


@pytest.mark.parametrize(("most", "given"), [(500, 500), (596, 596), (597, 596), (800, 596), (4000, 596)])
def test_an_answer_for_which_there_is_no_room_is_asked_for_as_it_fits(most: int, given: int) -> None:
    (completion, again), double, engine = talk(small(4096, 3500), request(), request(), max_tokens=most)
    assert isinstance(completion, Completion)
    assert completion.message.content == f"{given} tokens"
    assert isinstance(again, Completion)
    assert len(double.asked) == (2 if most == given else 4)
    assert engine.statistics.failures == {}
    first, *_, last = (asked.body for asked in double.asked)
    assert {**first, "max_tokens": 0} == {**last, "max_tokens": 0}


def test_a_prompt_without_room_for_an_answer_is_too_long() -> None:
    (error,), double, _ = talk(small(4096, 4500), max_tokens=800)
    assert isinstance(error, ContextWindowError)
    assert len(double.asked) < 4


def test_the_most_that_a_model_writes_is_learnt_once() -> None:
    def answer(asked: Asked) -> Answer:
        if asked.body["max_tokens"] > 16384:
            return refusal(400, {"error": {"message": "This model supports at most 16384 completion tokens."}})
        return said("Hello.")

    results, double, _ = talk(answer, *[request()] * 3, max_tokens=99999)
    assert all(isinstance(result, Completion) for result in results)
    assert [asked.body["max_tokens"] for asked in double.asked] == [99999, 16384, 16384, 16384]


def test_calls_keep_to_so_many_a_minute(no_waiting: list[float]) -> None:
    results, _, _ = talk(lambda _: said("Hello."), *[request()] * 4, rpm=30)
    assert all(isinstance(result, Completion) for result in results)
    assert sum(no_waiting) == pytest.approx(6, abs=0.5)


def test_processes_share_the_calls_of_a_minute(no_waiting: list[float]) -> None:
    async def run() -> None:
        async with serve(lambda _: said("Hello.")) as double:
            setting = Setting(tasks={}, domains={}, seed=0, processes=3)
            engine = ENGINE.make(OpenAIOptions(model="m", url=double.url, rpm=30), setting)
            for _ in range(3):
                await engine.complete(request())
            await close_engine(engine)

    anyio.run(run)
    assert sum(no_waiting) == pytest.approx(12, abs=0.5)


@pytest.mark.parametrize(("other", "seconds"), [({}, 6), ({"rpm": 15}, 12), ({"key_env": "OTHER_KEY"}, 2)])
def test_engines_of_one_run_on_one_server_with_one_key_keep_to_its_limits_together(
    no_waiting: list[float], monkeypatch: pytest.MonkeyPatch, other: dict[str, Any], seconds: float
) -> None:
    monkeypatch.setenv("OTHER_KEY", "sk-other-4Bv71xY0qK")

    async def run() -> None:
        async with serve(lambda _: said("Hello.")) as double:
            setting = Setting(tasks={}, domains={}, seed=0)
            agent = ENGINE.make(OpenAIOptions(model="m", url=double.url, rpm=30), setting)
            user = ENGINE.make(OpenAIOptions(model="m", url=double.url, **other), setting)
            for engine in (agent, user) * 2:
                await engine.complete(request())
            await close_engine(agent)
            await close_engine(user)
            assert not any(SECRET in name or "4Bv71" in name for name in setting.shared)

    anyio.run(run)
    assert sum(no_waiting) == pytest.approx(seconds, abs=0.5)


def test_headers_of_an_answer_make_the_next_call_wait(no_waiting: list[float]) -> None:
    spent = {
        "x-ratelimit-limit-requests": "1",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "7s",
    }
    first = Answer(said("Hello.").body, headers=spent)
    talk(in_turn(first, said("Hello.")), request(), request())
    assert no_waiting == pytest.approx([7], abs=0.1)


def test_a_key_that_was_refused_is_not_tried_again() -> None:
    answer = refusal(401, {"error": {"message": "no"}})
    results, double, _ = talk(lambda _: answer, request(), request(), request())
    assert [isinstance(result, EngineError) and result.kind for result in results] == ["unauthorized"] * 3
    assert len({str(result) for result in results}) == 1
    assert len(double.asked) == 1


def test_a_server_that_is_not_there_is_told_with_its_address() -> None:
    (error,), _, _ = talk(lambda _: said(""), url="http://127.0.0.1:1/v1", attempts=2)
    assert isinstance(error, EngineError)
    assert error.kind is EngineErrorKind.REFUSED
    assert "http://127.0.0.1:1/v1" in str(error)


def test_no_exception_holds_the_key_however_deep_it_is_looked_into() -> None:
    answers = in_turn(
        refusal(400, {"error": f"headers were Bearer {SECRET}"}),
        refusal(418, "x" * 480 + f" Bearer {SECRET}"),
        Answer(reset=True),
        Answer(f'{{"choices": "{SECRET}"'.encode()),
        refusal(401, f"no {SECRET}"),
    )
    results, _, _ = talk(answers, *[request()] * 5, attempts=1)
    for result in results:
        assert isinstance(result, EngineError)
        error: BaseException | None = result
        while error is not None:
            assert SECRET not in f"{error} {error!r} {error.args}"
            assert SECRET[:8] not in str(error)
            error = error.__cause__ or error.__context__


def test_an_answer_that_comes_too_late_is_a_deadline() -> None:
    async def run() -> EngineError:
        async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tg:
            port = listener.extra_attributes[anyio.abc.SocketAttribute.local_port]()

            async def silent(stream: anyio.abc.SocketStream) -> None:
                await anyio.Event().wait()

            tg.start_soon(listener.serve, silent)
            engine = OpenAIEngine(OpenAIOptions(model="m", url=f"http://127.0.0.1:{port}", timeout=0.05, attempts=2))
            try:
                await engine.complete(request())
            except EngineError as exc:
                return exc
            finally:
                await engine.aclose()
                tg.cancel_scope.cancel()
        raise AssertionError("it answered")

    assert anyio.run(run).kind == "deadline"


def test_a_session_that_ended_is_forgotten_and_gives_no_tokens() -> None:
    async def run() -> None:
        async with serve(lambda _: said("Hello.")) as double:
            engine: Engine = OpenAIEngine(OpenAIOptions(model="m", url=double.url))
            await engine.complete(request())
            assert end_session(engine, "t#0/agent") is None
            assert end_session(engine, "unknown") is None
            await engine.complete(request(0, [SystemMessage("Other.")]))
            assert double.asked[1].body["messages"] == [{"role": "system", "content": "Other."}]
            await close_engine(engine)

    anyio.run(run)


def test_it_is_registered_and_its_options_have_help() -> None:
    assert ENGINE.options is OpenAIOptions
    text = f"{HttpOptions.__doc__} {OpenAIOptions.__doc__}"
    assert all(f"{name}" in text for name in OpenAIOptions.__struct_fields__)
    assert json.dumps(sorted(ENGINE.seats)) == '["agent", "user"]'
