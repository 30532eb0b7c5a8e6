"""Loading τ²-bench's data folder: what comes out, and what is said when the folder is not right."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from writ_domains.tau2 import BENCHMARK, DatabaseText, plain_hashes, with_tool_schemas

from tests.support.shared_data import SHARED, TAU2_DATA, needs_shared
from writ_async.core.benchmark import Subset
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, SystemMessage, ToolMessage, UserMessage, call_arguments
from writ_async.core.state import State
from writ_async.core.task import EnvAssertion, Task
from writ_async.core.tool import call_tool
from writ_async.errors import InputError
from writ_async.registry import load_benchmark, load_domain

Write = Callable[..., str]

PRODUCT = {"name": "Mug", "product_id": "1", "variants": {}}
TASK: dict[str, Any] = {
    "id": "t",
    "description": {"purpose": "ignored"},
    "user_scenario": {"persona": None, "instructions": {"reason_for_call": "a", "task_instructions": "b"}},
    "initial_state": None,
    "evaluation_criteria": {"actions": [], "communicate_info": None, "nl_assertions": None},
    "annotations": None,
}


@pytest.fixture
def folder(tmp_path: Path) -> Write:
    """Writes a data folder for retail; a file given as None is left out, text is written as it is."""

    def make(**changed: Any) -> str:
        place = tmp_path / "data" / "tau2" / "domains" / "retail"
        place.mkdir(parents=True, exist_ok=True)
        files = {
            "db.json": {"products": {"1": PRODUCT}, "users": {}, "orders": {}},
            "policy.md": "Be kind.\n",
            "tasks.json": [TASK],
            "split_tasks.json": {"base": ["t"]},
        }
        for name, content in {**files, **{name.replace("__", "."): text for name, text in changed.items()}}.items():
            if content is not None:
                (place / name).write_text(content if isinstance(content, str) else json.dumps(content))
        return str(tmp_path / "data")

    return make


def only_task(folder: Write, **changes: Any) -> Task:
    return BENCHMARK.load("retail", folder(tasks__json=[{**TASK, **changes}])).tasks[0]


def test_the_benchmark_is_registered() -> None:
    assert load_benchmark("tau2") is BENCHMARK


def test_a_folder_gives_world_policy_and_tasks(folder: Write) -> None:
    loaded = BENCHMARK.load("retail", folder())
    assert loaded.environment.domain.policy == "Be kind.\n"
    assert loaded.environment.domain.tools.keys() == load_domain("retail").tools.keys()
    assert loaded.environment.world.tables["products"].keys() == {"1"}
    (task,) = loaded.tasks
    assert (task.id, task.domain, task.kind) == ("t", "retail", "benchmark")
    assert (task.world.source, task.world.digest) == ("tau2", loaded.environment.world.digest())
    assert (task.actions, task.communicate, task.nl_assertions, task.env_assertions) == ((), None, None, None)
    assert task.reward_basis == ("DB", "COMMUNICATE")


@pytest.mark.parametrize("below", ["..", "", "tau2", "tau2/domains"])
def test_the_folder_may_be_given_at_any_height(folder: Write, below: str) -> None:
    assert BENCHMARK.load("retail", str(Path(folder()) / below)).tasks


def test_the_variable_says_where_when_no_argument_does(folder: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAU2_DATA_DIR", folder())
    assert BENCHMARK.load("retail").tasks
    monkeypatch.delenv("TAU2_DATA_DIR")
    with pytest.raises(InputError, match="--data PATH or set TAU2_DATA_DIR"):
        BENCHMARK.load("retail")


def test_all_parts_of_a_task_are_read(folder: Write) -> None:
    call = {"id": "c", "name": "get_user_details", "arguments": {"user_id": "u"}, "requestor": "assistant"}
    task = only_task(
        folder,
        user_scenario={"persona": "in a hurry", "instructions": "Ask for a mug."},
        initial_state={
            "message_history": [
                {"role": "system", "content": "s", "turn_idx": 0},
                {"role": "assistant", "content": None, "tool_calls": [call], "cost": 0.0},
                {"role": "tool", "id": "c", "content": "Error: none", "requestor": "assistant", "error": True},
                {"role": "user", "content": "hello", "tool_calls": None},
            ]
        },
        evaluation_criteria={
            "actions": [
                {"action_id": "0", "name": "calculate", "arguments": {"expression": "1"}, "compare_args": []},
                {"action_id": "1", "requestor": "user", "name": "wait", "arguments": {}, "compare_args": None},
            ],
            "env_assertions": [{"env_type": "user", "func_name": "f", "arguments": {"x": 1}, "assert_value": False}],
            "communicate_info": ["10"],
            "nl_assertions": ["is kind"],
            "reward_basis": ["ENV_ASSERTION", "ACTION"],
        },
    )
    assert (task.scenario.text, task.scenario.persona) == ("Ask for a mug.", "in a hurry")
    system, assistant, result, user = task.message_history
    assert system == SystemMessage("s")
    assert isinstance(assistant, AssistantMessage)
    assert call_arguments(assistant.tool_calls[0]) == {"user_id": "u"}
    assert result == ToolMessage("c", "Error: none", error=True)
    assert user == UserMessage("hello")
    assert task.actions is not None
    assert [(a.name, a.requestor, a.compare_args) for a in task.actions] == [
        ("calculate", "assistant", ()),
        ("wait", "user", None),
    ]
    assert task.env_assertions == (EnvAssertion("user", "f", {"x": 1}, False),)
    assert (task.communicate, task.nl_assertions) == (("10",), ("is kind",))
    assert task.reward_basis == ("ENV_ASSERTION", "ACTION")


def test_null_is_not_an_empty_list(folder: Write) -> None:
    task = only_task(folder, evaluation_criteria=None)
    assert not task.evaluated
    task = only_task(folder, evaluation_criteria={"actions": None, "env_assertions": []})
    assert task.evaluated
    assert (task.actions, task.env_assertions, task.communicate) == (None, (), None)


def test_a_split_picks_tasks_in_the_order_of_the_file(folder: Write) -> None:
    tasks = [{**TASK, "id": name} for name in "abc"]
    data = folder(tasks__json=tasks, split_tasks__json={"base": ["c", "a"], "test": ["b"]})
    assert [task.id for task in BENCHMARK.load("retail", data).tasks] == ["a", "c"]
    assert [task.id for task in BENCHMARK.load("retail", data, "test").tasks] == ["b"]
    with pytest.raises(InputError, match=r"no split 'dev'; there are: base, test"):
        BENCHMARK.load("retail", data, "dev")


def test_without_splits_all_tasks_are_given(folder: Write) -> None:
    data = folder(split_tasks__json=None)
    assert [task.id for task in BENCHMARK.load("retail", data).tasks] == ["t"]
    with pytest.raises(InputError, match=r"split_tasks\.json: there is no such file"):
        BENCHMARK.load("retail", data, "base")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("tasks__json", '[\n{"id": "t",\n"user_scenario" 1}]', r"tasks\.json: line 3: .*expected ':'"),
        ("tasks__json", '[\n{"id":\n', r"tasks\.json: line 2: .*truncated"),
        ("tasks__json", [{**TASK, "id": 7}], r"tasks\.json: .*`\$\[0\]\.id`"),
        ("tasks__json", [TASK, TASK], r"two tasks have the id 't'"),
        ("tasks__json", None, r"tasks\.json: there is no such file"),
        ("db__json", '{"products": {},\n "users": {}', r"db\.json: line 2: "),
        ("db__json", {"products": {"1": {}}, "users": {}, "orders": {}}, r"db\.json: .*`\$\.products"),
        ("policy__md", None, r"policy\.md: there is no such file"),
        ("split_tasks__json", {"base": ["gone"]}, r"names the task 'gone'"),
        ("split_tasks__json", [], r"split_tasks\.json: Expected `object`"),
        (
            "tasks__json",
            [{**TASK, "initial_state": {"initialization_actions": [{"env_type": "nobody"}]}}],
            r"Invalid enum value 'nobody' - at `\$\[0\]\.initial_state\.initialization_actions\[0\]\.env_type`",
        ),
    ],
)
def test_a_broken_file_is_named_with_its_line_or_field(folder: Write, file: str, content: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        BENCHMARK.load("retail", folder(**{file: content}))


def test_text_that_is_not_utf8_is_named(folder: Write) -> None:
    data = folder()
    place = Path(data) / "tau2/domains/retail"
    for name in ("policy.md", "tasks.json"):
        (place / name).write_bytes(b'[{"id": "\xff"}]')
        with pytest.raises(InputError, match=rf"{name}.*(utf-8|utf8|UTF-8)"):
            BENCHMARK.load("retail", data)
        folder()


def test_unknown_and_unsupported_domains_are_refused(folder: Write) -> None:
    with pytest.raises(InputError, match=r"'mock' is not supported yet; there are: airline, retail, telecom"):
        BENCHMARK.load("mock", folder())
    with pytest.raises(InputError, match="unknown domain 'pizza'"):
        BENCHMARK.load("pizza", folder())
    with pytest.raises(InputError, match="no tau2/domains/airline in"):
        BENCHMARK.load("airline", folder())
    with pytest.raises(InputError, match="no folder"):
        BENCHMARK.load("airline", folder() + "/nowhere")


def schemas(domain: Domain, path: Path, **changes: Any) -> str:
    tools = [
        {"type": "function", "function": {"name": name, "description": "theirs", "parameters": {}}}
        for name in reversed(list(domain.tools))
    ]
    path.write_text(json.dumps({"domain": domain.name, "tools": tools, **changes}))
    return str(path)


def test_tool_schemas_of_a_file_are_shown_in_its_order(folder: Write, tmp_path: Path) -> None:
    retail = load_domain("retail")
    path = schemas(retail, tmp_path / "retail_tools.json")
    for given in (path, str(tmp_path)):
        domain = BENCHMARK.load("retail", folder(), tools=given).environment.domain
        assert list(domain.tools) == list(retail.tools)[::-1]
        for name, tool in domain.tools.items():
            assert tool.schema["function"]["description"] == "theirs"
            assert tool.function is retail.tools[name].function


@pytest.mark.parametrize(
    ("tools", "message"),
    [
        ([], "no schema for the tool"),
        ([{"function": {"name": "fly"}}], r"tools\[0\]: the domain has no tool 'fly'"),
        ([{"function": {"name": "calculate"}}] * 2, r"tools\[1\]: a second schema for 'calculate'"),
        ([{"function": {}}], r"tools\[0\]: .*`name`"),
        ({}, r"retail_tools\.json: Expected `array`"),
    ],
)
def test_tool_schemas_of_other_tools_are_refused(tmp_path: Path, tools: Any, message: str) -> None:
    retail = load_domain("retail")
    path = schemas(retail, tmp_path / "retail_tools.json", tools=tools)
    with pytest.raises(InputError, match=message):
        with_tool_schemas(retail, path)
    with pytest.raises(InputError, match="there is no such file"):
        with_tool_schemas(retail, str(tmp_path / "none.json"))


@pytest.fixture(scope="module", params=["airline", "retail"])
def real(request: pytest.FixtureRequest) -> Subset:
    assert SHARED is not None
    return BENCHMARK.load(request.param, str(TAU2_DATA), tools=str(SHARED / "conformance"))


@needs_shared
def test_the_real_data_loads_with_its_own_prompt(real: Subset) -> None:
    assert SHARED is not None
    assert len(real.tasks) == {"airline": 50, "retail": 114}[real.environment.domain.name]
    assert all(task.scenario.reason_for_call and task.actions is not None for task in real.tasks)
    recorded = json.loads((SHARED / "conformance" / f"{real.environment.domain.name}_tools.json").read_text())["tools"]
    assert [tool.schema for tool in real.environment.domain.tools.values()] == recorded
    assert msgspec.json.decode(msgspec.json.encode(real.tasks), type=tuple[Task, ...]) == real.tasks


@needs_shared
def test_a_spliced_hash_is_the_hash_of_the_whole_dump(real: Subset) -> None:
    text = DatabaseText(real.environment.domain, real.environment.world)
    stock = State(real.environment.world)
    assert text.hashes(stock) == plain_hashes(real.environment.domain, stock)
    assert text.diff(stock) == {}
    states = []
    for task in real.tasks[:24]:
        state = State(real.environment.world)
        for action in task.actions or ():
            call_tool(real.environment.domain.tools, state, action.name, action.arguments)
        states.append(state)
    for table in real.environment.world.tables:
        key = next(iter(real.environment.world.tables[table]))
        if table != "flights":
            states.append(stock.fork())
            states[-1].remove(table, key)
            states.append(states[-1].fork())
            states[-1].put(table, key, real.environment.world.tables[table][key])
    for state in states:
        plain = plain_hashes(real.environment.domain, state)
        assert text.hashes(state) == plain
        assert text.plain_hash(state) == plain.plain
        assert (text.diff(state) == {}) == (state.digest() == stock.digest())


@needs_shared
def test_an_integer_where_a_float_is_declared_changes_the_plain_hash_alone() -> None:
    loaded = BENCHMARK.load("retail", str(TAU2_DATA))
    text = DatabaseText(loaded.environment.domain, loaded.environment.world)
    key, order = next(iter(loaded.environment.world.tables["orders"].items()))
    hashes = []
    for difference in (0, 0.0):
        state = State(loaded.environment.world)
        state.put("orders", key, msgspec.structs.replace(order, exchange_price_difference=difference))
        hashes.append(text.hashes(state))
        assert hashes[-1] == plain_hashes(loaded.environment.domain, state)
    assert hashes[0].plain != hashes[1].plain
    assert hashes[0].canonical == hashes[1].canonical


@needs_shared
def test_a_domain_under_another_name_is_hashed_as_a_whole(real: Subset) -> None:
    other = msgspec.structs.replace(real.environment.domain, name="other")
    text, state = DatabaseText(other, real.environment.world), State(real.environment.world)
    (table, key) = ("users", next(iter(real.environment.world.tables["users"])))
    state.remove(table, key)
    assert text.hashes(state).plain == plain_hashes(real.environment.domain, state).plain == text.plain_hash(state)
    assert text.diff(state) == {"users": {"$del": [key]}}
