"""verifiers' multi-turn environment on the script's conversations, with a simulated user in the environment.

The agent's calls go through verifiers, the user's through the OpenAI SDK, as environments with a simulated user make
them. It keeps no state: a tool's result is looked up in the script. Its rubric is one function that gives 1. Runs in an
environment with verifiers and datasets:

    cd bench && PYTHON -m client_loads.verifiers SCRIPT URL
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Any

from bench.client_loads.meter import Meter, load_parser, read_load

KEY = "BENCH_KEY"


def make_environment(script: dict[str, Any], url: str) -> Any:
    """The environment; its data set has one row per conversation."""
    import verifiers as vf
    from datasets import Dataset
    from openai import AsyncOpenAI
    from verifiers.types import ToolMessage, UserMessage

    plans = script["plans"]
    user = AsyncOpenAI(base_url=f"{url}/v1", api_key="none")

    class Talk(vf.MultiTurnEnv):  # type: ignore[misc]
        """An agent with tools, and a user who is asked whenever the agent says something."""

        async def setup_state(self, state: Any) -> None:
            """The user's first words end the prompt."""
            plan = plans[int(state["answer"])]
            domain = script["domains"][plan["domain"]]
            state["plan"], state["made"] = plan, 0
            state["tool_defs"] = self._normalize_tool_defs([tool["function"] for tool in domain["tools"]])
            state["heard"] = [{"role": "system", "content": plan["user_system"]}]
            said = await self.ask(state, script["greeting"])
            state["prompt"] = [*state["prompt"], UserMessage(content=said)]

        async def ask(self, state: Any, said: str) -> str:
            """What the user answers."""
            state["heard"].append({"role": "user", "content": said})
            answer = await user.chat.completions.create(model="mock", messages=state["heard"])
            content = str(answer.choices[0].message.content)
            state["heard"].append({"role": "assistant", "content": content})
            return content

        async def env_response(self, messages: Any, state: Any, **kwargs: Any) -> Any:
            """Results of tools, or the user's next words."""
            last = messages[-1]
            if last.tool_calls:
                first = state["made"]
                state["made"] += len(last.tool_calls)
                results = state["plan"]["results"][first : state["made"]]
                pairs = zip(last.tool_calls, results, strict=True)
                return [ToolMessage(tool_call_id=call.id, content=result) for call, result in pairs]
            said = [UserMessage(content=await self.ask(state, str(last.content)))]
            if "###STOP###" in said[0].content:
                state["final_env_response"] = said
            return said

    async def give_one(completion: Any, **kwargs: Any) -> float:
        return 1.0

    rows = [
        {
            "prompt": [
                {"role": "system", "content": script["domains"][plan["domain"]]["system"]},
                {"role": "assistant", "content": script["greeting"]},
            ],
            "answer": str(number),
            "example_id": number,
        }
        for number, plan in enumerate(plans)
    ]
    return Talk(eval_dataset=Dataset.from_list(rows), rubric=vf.Rubric(funcs=[give_one]))


async def main() -> None:
    """Read the arguments and run."""
    options, script = read_load(load_parser(__doc__))
    from verifiers.types import ClientConfig

    logging.disable(logging.INFO)
    os.environ |= {KEY: "none", "HF_HUB_OFFLINE": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    environment = make_environment(script, options.url)
    client = ClientConfig(api_key_var=KEY, api_base_url=f"{options.url}/v1", max_retries=0)

    def silent(*args: Any, **kwargs: Any) -> None:
        """Show no progress."""

    async def run(trials: int) -> None:
        inputs = environment._get_eval_inputs(len(script["plans"]), trials)
        found = await environment.generate(
            inputs,
            client,
            "mock",
            max_concurrent=options.concurrency,
            independent_scoring=True,
            on_start=silent,
            on_progress=silent,
            on_log=silent,
        )
        failed = [row["error"] for row in found["outputs"] if row.get("error")]
        assert not failed, failed[0]
        assert len(found["outputs"]) == trials * len(script["plans"])

    await run(1)
    with Meter(options.url, options.trials * len(script["plans"])):
        await run(options.trials)


if __name__ == "__main__":
    asyncio.run(main())
