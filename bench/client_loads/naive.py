"""The loop that one writes first: a task per conversation, a semaphore and an HTTP client, on asyncio's own event loop.

It keeps no state and judges nothing: a tool's result is looked up in the script.

    python -m client_loads.naive SCRIPT URL --client aiohttp
    python -m client_loads.naive SCRIPT URL --client openai     # needs the openai package
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from bench.client_loads.meter import Meter, load_parser, read_load

Message = dict[str, Any]
Complete = Callable[[list[Message], list[Any] | None], Awaitable[Message]]


async def converse(plan: dict[str, Any], script: dict[str, Any], complete: Complete) -> None:
    """Play one conversation to its end."""
    domain = script["domains"][plan["domain"]]
    agent: list[Message] = [{"role": "system", "content": domain["system"]}]
    user: list[Message] = [{"role": "system", "content": plan["user_system"]}]
    said: Message = {"role": "assistant", "content": script["greeting"]}
    made = 0
    while True:
        agent.append(said)
        user.append({"role": "user", "content": said["content"]})
        answer = await complete(user, None)
        if "###STOP###" in answer["content"]:
            return
        user.append(answer)
        agent.append({"role": "user", "content": answer["content"]})
        said = await complete(agent, domain["tools"])
        while said.get("tool_calls"):
            agent.append(said)
            for call in said["tool_calls"]:
                agent.append({"role": "tool", "tool_call_id": call["id"], "content": plan["results"][made]})
                made += 1
            said = await complete(agent, domain["tools"])


async def play(script: dict[str, Any], complete: Complete, trials: int, concurrency: int) -> None:
    """Play every conversation so many times, so many at once."""
    semaphore = asyncio.Semaphore(concurrency)

    async def one(plan: dict[str, Any]) -> None:
        async with semaphore:
            await converse(plan, script, complete)

    await asyncio.gather(*(one(plan) for _ in range(trials) for plan in script["plans"]))


async def with_aiohttp(script: dict[str, Any], url: str, trials: int, concurrency: int) -> None:
    """The loop on aiohttp, whose pool has as many connections as there are conversations."""
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def complete(messages: list[Message], tools: list[Any] | None) -> Message:
            body: dict[str, Any] = {"model": "mock", "messages": messages}
            if tools:
                body["tools"] = tools
            async with session.post(f"{url}/v1/chat/completions", json=body) as response:
                answer: dict[str, Any] = await response.json()
                message: Message = answer["choices"][0]["message"]
                return message

        await measured(script, url, complete, trials, concurrency)


async def with_openai(script: dict[str, Any], url: str, trials: int, concurrency: int) -> None:
    """The loop on the OpenAI SDK as it comes."""
    from openai import AsyncOpenAI

    async with AsyncOpenAI(base_url=f"{url}/v1", api_key="none") as client:

        async def complete(messages: list[Message], tools: list[Any] | None) -> Message:
            more = {"tools": tools} if tools else {}
            answer = await client.chat.completions.create(model="mock", messages=messages, **more)
            message: Message = answer.choices[0].message.model_dump(exclude_none=True)
            return message

        await measured(script, url, complete, trials, concurrency)


async def measured(script: dict[str, Any], url: str, complete: Complete, trials: int, concurrency: int) -> None:
    """Open the connections with a first play, then measure."""
    await play(script, complete, 1, concurrency)
    with Meter(url, trials * len(script["plans"])):
        await play(script, complete, trials, concurrency)


if __name__ == "__main__":
    parser = load_parser(__doc__)
    parser.add_argument("--client", choices=("aiohttp", "openai"), default="aiohttp")
    options, script = read_load(parser)
    client = with_openai if options.client == "openai" else with_aiohttp
    asyncio.run(client(script, options.url, options.trials, options.concurrency))
