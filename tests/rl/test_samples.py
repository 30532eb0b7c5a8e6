"""What trainers of sequences are given: masks over exactly the sampled ids, rows by position, batches."""

import anyio
import pytest

from bench.token_table import LOGPROB
from tests.support.oracle_sampler import OracleSampler
from writ_async import EngineError, FamilyFormat, InputError, Task
from writ_async.rl import Batched, Generation, Sampling, TaskSource, TokenEngine, make_sample, play

pytestmark = pytest.mark.asyncio


async def test_a_sample_is_the_row_cut_at_its_first_sampled_token(tasks: list[Task], chat: FamilyFormat) -> None:
    oracle = OracleSampler(chat, tasks)
    (row,) = await play(tasks[:1], oracle.shown(TokenEngine(oracle.generate, chat)), "scripted")
    tokens, sample = row.tokens["agent"], make_sample(row)
    assert sample.prompt_ids + sample.response_ids == list(tokens.ids)
    assert sample.loss_mask == tokens.loss_mask()[len(sample.prompt_ids) :]
    assert sample.loss_mask[0] == 1
    assert sample.logprobs == [LOGPROB * one for one in sample.loss_mask]
    assert (sample.reward, sample.turns, sample.version) == (1.0, len(tokens.generated), "0")
    cut = make_sample(row, max_response=7)
    assert (len(cut.response_ids), len(cut.loss_mask), cut.truncated) == (7, 7, True)


async def test_rows_come_by_position_and_a_task_that_is_given_twice_is_two_trials(tasks: list[Task]) -> None:
    rows = await play([tasks[1], tasks[0], tasks[1]], "scripted", first_trial=5)
    assert [row.id for row in rows] == [f"{tasks[1].id}#5", f"{tasks[0].id}#5", f"{tasks[1].id}#6"]
    with pytest.raises(InputError, match="sampled no token"):
        make_sample(rows[0])


async def test_a_place_that_cannot_be_played_is_an_error_that_says_why(tasks: list[Task], chat: FamilyFormat) -> None:
    async def generate(ids: list[int], sampling: Sampling) -> Generation:
        raise EngineError("out of memory")

    with pytest.raises(EngineError, match=r"could not be played.*out of memory"):
        await play(tasks[:1], TokenEngine(generate, chat), "scripted")


async def test_prompts_that_come_while_a_batch_runs_are_the_next_batch() -> None:
    sizes: list[int] = []

    def generate_batch(prompts: list[list[int]], samplings: list[Sampling]) -> list[Generation]:
        sizes.append(len(prompts))
        return [Generation(ids=[ids[0] * 10]) for ids in prompts]

    generate = Batched(generate_batch)
    found: dict[int, list[int]] = {}

    async def ask(number: int) -> None:
        for _ in range(3):
            answer = await generate([number], Sampling(max_tokens=1, stop_ids=(), seed=0, session=""))
            found.setdefault(number, []).extend(answer.ids)

    async with anyio.create_task_group() as group:
        for number in range(1, 9):
            group.start_soon(ask, number)
    assert found == {number: [number * 10] * 3 for number in range(1, 9)}
    assert sum(sizes) == 24
    assert sizes[0] == 8


async def test_a_batch_that_fails_costs_its_first_prompt_and_the_others_are_asked_for_again() -> None:
    def generate_batch(prompts: list[list[int]], samplings: list[Sampling]) -> list[Generation]:
        if [1] in prompts:
            raise RuntimeError("out of memory")
        return [Generation(ids=ids) for ids in prompts]

    generate = Batched(generate_batch)
    failed: list[int] = []
    done: list[int] = []

    async def ask(number: int) -> None:
        try:
            await generate([number], Sampling(max_tokens=1, stop_ids=(), seed=0, session=""))
        except RuntimeError:
            failed.append(number)
        else:
            done.append(number)

    async with anyio.create_task_group() as group:
        for number in (1, 2, 3):
            group.start_soon(ask, number)
    assert (failed, done) == ([1], [2, 3])


async def test_a_task_source_finds_tasks_by_whatever_names_them_and_counts_their_trials(tasks: list[Task]) -> None:
    source = TaskSource(tasks)
    columns = source.columns()
    assert {len(values) for values in columns.values()} == {len(tasks)} == {len(source)}
    assert columns["level"] == [task.proof.level for task in tasks if task.proof]
    for place, (task, row) in enumerate(zip(tasks, source.rows(), strict=True)):
        assert source[place] is source[task.id] is source[row] is source[row["prompt"]] is task
    assert [source.next_trial(tasks[0]) for _ in range(3)] == [0, 1, 2]
    assert source.next_trial(tasks[1]) == 0
    wrong: object
    for wrong in ("nobody", 99, [], None, {"task_id": 1}):
        with pytest.raises(InputError, match="no task is named"):
            source[wrong]
    with pytest.raises(InputError, match="no tasks"):
        TaskSource([])
