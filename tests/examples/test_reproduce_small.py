"""The compiled dialect: it says what the shop does, its scripts are judged as they should be, its arms are fair.

The tests that train need torch, which `make reproduce-small-quick` sets up in an environment of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import count, pairwise
from pathlib import Path
from random import Random
from xml.etree.ElementTree import fromstring

import msgspec
import pytest

from examples.reproduce.small.arms import ARMS, KINDS_OF, kept_by_evidence
from examples.reproduce.small.dialect import DONE, GO, READ, THOUGHTS, compile_action, gold_actions, is_complete
from examples.reproduce.small.experiment import Settings, prepare
from examples.reproduce.small.figures import COMPARED_ON, compare, compare_seeds, load_figures, seed_interval
from examples.reproduce.small.game import MOST_ERRORS, Game
from examples.reproduce.small.names import Naming, Vocabulary, sizes_of, words_of
from examples.reproduce.small.overlap import Overlap, measure_overlap
from examples.reproduce.small.pictures import draw_pictures
from examples.reproduce.small.recipe import Recipe
from examples.reproduce.small.rows import WRITES, careless, play_actions, teacher
from examples.reproduce.small.tables import put_tables
from examples.reproduce.small.tasks import FIRST_TEST_SEED, LEVELS, RECIPES, Played, draw_played, load_played
from writ_async import InputError
from writ_async.core.acting import act, open_state
from writ_async.core.task import Kind

EACH = 12
DRAWN = 90
RESULTS = Path(__file__).parents[2] / "examples/reproduce/small/results"
torch_needed = pytest.mark.skipif(
    find_spec("torch") is None, reason="needs torch: make reproduce-small-quick runs it in .trainers/reproduce"
)


@pytest.fixture(scope="module")
def pools(tmp_path_factory: pytest.TempPathFactory) -> dict[Kind, list[Played]]:
    folder = tmp_path_factory.mktemp("tasks")
    found: dict[Kind, list[Played]] = {}
    for kind in RECIPES:
        file = folder / f"{kind}.jsonl"
        file.write_bytes(
            b"".join(msgspec.json.encode(task) + b"\n" for task in draw_played(kind, EACH, count(1), DRAWN))
        )
        found[kind] = load_played(file)
    return found


@pytest.fixture(scope="module")
def every(pools: dict[Kind, list[Played]]) -> list[Played]:
    return [played for pool in pools.values() for played in pool]


def test_tasks_are_of_their_kind_at_several_levels(pools: dict[Kind, list[Played]]) -> None:
    for kind, pool in pools.items():
        tasks = [played.case.task for played in pool]
        assert len(tasks) == EACH
        assert {task.kind for task in tasks} == {kind}
        assert len({task.id for task in tasks}) == EACH
        assert all(task.recipe in RECIPES[kind] and task.proof is not None for task in tasks)
        reached = {task.proof.level for task in tasks if task.proof is not None}
        assert all(any(level in one for one in reached) for level in LEVELS[kind])


def test_actions_are_the_gold_calls(every: list[Played]) -> None:
    for played in every:
        domain, world = played.environment.domain, played.environment.world
        state = open_state(played.case.task.initial, domain, world)
        actions = gold_actions(played.case, world)
        assert all(
            is_complete(one) and not any(is_complete(one[:end]) for end in range(1, len(one))) for one in actions
        )
        calls = [action for action in actions if action[0] not in THOUGHTS]
        for action, gold in zip(calls, played.case.task.actions or (), strict=True):
            call = compile_action(played.case, action, state)
            assert call is not None
            assert (call.name, call.arguments) == (gold.name, gold.arguments)
            assert not act(domain, state, call.name, dict(call.arguments)).error


def test_who_does_what_is_right_is_rewarded_and_proved(every: list[Played]) -> None:
    for played in every:
        judged = play_actions(played, teacher(played)).judged
        assert (judged.reward, judged.label, judged.read, judged.errors) == (1.0, "evidence_complete", True, 0)


def test_who_writes_without_reading_is_found_out(every: list[Played]) -> None:
    for played in every:
        writes = [action for action in teacher(played) if action[0] in WRITES]
        judged = play_actions(played, writes).judged
        assert judged.reward == 1.0, "the outcome alone shows nothing"
        assert judged.label in ("blind", "lucky")
        assert not judged.read


def test_who_leaves_an_order_unread_is_found_out(pools: dict[Kind, list[Played]]) -> None:
    for played in pools["read-heavy"]:
        actions = teacher(played)
        unread = next(place for place, action in enumerate(actions) if action[0] == READ and action[1] != "@0")
        judged = play_actions(played, actions[:unread] + actions[unread + 1 :]).judged
        assert judged.label in ("blind", "lucky")
        assert not judged.read


def test_a_wrong_write_has_no_reward(pools: dict[Kind, list[Played]]) -> None:
    played = next(one for one in pools["read-heavy"] if one.case.task.recipe == "cancel_extreme_order")
    *before, write = teacher(played)
    others = [action[1] for action in before if action[0] == READ and action[1] not in ("@0", write[1])]
    rewards = [play_actions(played, [*before, [write[0], other, write[2]]]).judged.reward for other in others]
    assert rewards
    assert not any(rewards)


def test_what_names_nothing_is_an_error_and_ends_the_game_in_time(every: list[Played]) -> None:
    played = every[0]
    game = Game(played.case, played.environment.domain, played.environment.world)
    seen = []
    while not game.over:
        seen.append(game.act([READ, "S3"]))
    assert seen == [["error"]] * len(seen)
    assert len(seen) == MOST_ERRORS + 1
    assert game.judge().reward == 0.0


def test_names_are_drawn_anew_and_mean_the_same(every: list[Played]) -> None:
    for played in every:
        row = play_actions(played, teacher(played))
        once, again = (Naming(row.sizes, Random(seed)) for seed in (1, 2))
        renamed = once.rename(row.tokens)
        assert renamed != again.rename(row.tokens)
        assert once.restore(renamed) == list(row.tokens)
        assert not any(token[0] in "@$" for token in renamed)
        totals = once.rename([f"${rank}" for rank in range(len(played.case.totals))])
        assert totals == sorted(totals, key=lambda name: int(name[1:]))
        assert all(name.startswith("T") for name in totals)


def test_no_word_tells_an_id_or_a_total(every: list[Played]) -> None:
    words = words_of(play_actions(played, teacher(played)).tokens for played in every)
    assert GO in words
    assert DONE in words
    ids = {value.lower() for played in every for value in played.case.places}
    assert not ids & {word.lower() for word in words}
    assert not any(word.startswith(("#w", "#W")) for word in words)


def test_arms_have_as_many_rows_and_all_are_right(pools: dict[Kind, list[Played]]) -> None:
    for name, arm in ARMS.items():
        rows = arm(pools, EACH)
        assert len(rows) == EACH, name
        assert all(row.judged.reward == 1.0 for row in rows), name
        proved = sum(row.judged.proved for row in rows)
        assert proved < EACH if name == "kept-by-outcome" else proved == EACH, name


def test_what_is_kept_by_evidence_is_the_mix(pools: dict[Kind, list[Played]]) -> None:
    assert kept_by_evidence(pools, EACH) == ARMS["mix"](pools, EACH)


def test_the_thoughts_of_extremes_stand_in_rows_of_read_heavy_tasks_alone(pools: dict[Kind, list[Played]]) -> None:
    """So an arm without such tasks has not met them, which its comparison with one that has does not tell apart."""
    for name, arm in ARMS.items():
        pairs = {pair for row in arm(pools, EACH) for pair in pairwise(row.tokens)}
        extremes = {("BY", "most"), ("BY", "least")} & pairs
        assert bool(extremes) == ("read-heavy" in KINDS_OF[name]), name
        assert "read-heavy" in KINDS_OF[name] or not any(first == "TO" for first, _ in pairs), name


def test_idle_reads_are_more_and_decide_nothing(pools: dict[Kind, list[Played]]) -> None:
    for idle, plain in zip(ARMS["idle-reads"](pools, EACH), ARMS["normal"](pools, EACH), strict=True):
        assert idle.judged.actions >= plain.judged.actions
        assert [token for token in idle.tokens if token in WRITES] == [
            token for token in plain.tokens if token in WRITES
        ]
    assert sum(row.trained for row in ARMS["idle-reads"](pools, EACH)) > sum(
        row.trained for row in ARMS["normal"](pools, EACH)
    )


def test_a_careless_script_errs_as_often_as_it_is_told(every: list[Played]) -> None:
    assert all(careless(played, Random(1), 0.0) == teacher(played) for played in every)
    assert any(careless(played, Random(1), 1.0) != teacher(played) for played in every)


def test_worlds_to_test_on_are_others(pools: dict[Kind, list[Played]], tmp_path: Path) -> None:
    kind: Kind = "read-heavy"
    file = tmp_path / "test.jsonl"
    tasks = draw_played(kind, EACH, count(FIRST_TEST_SEED), DRAWN)
    file.write_bytes(b"".join(msgspec.json.encode(task) + b"\n" for task in tasks))
    found = measure_overlap([one for pool in pools.values() for one in pool], load_played(file))
    assert not set(found.worlds_trained) & set(found.worlds_tested)
    assert not found.report.users.both
    assert not found.report.gold_writes.both
    assert not found.report.ids.both
    assert not found.customers_both
    assert found.customers_of == {kind: found.customers_tested}
    assert found.families_tested == Counter(task.recipe for task in tasks)
    assert sum(found.families_trained.values()) == len(RECIPES) * EACH
    said = " ".join(found.sentences())
    assert f"{found.customers_tested} of read-heavy ones), 0 both" in said
    assert "cancel_extreme_order" in said
    own = measure_overlap(pools[kind], pools[kind])
    assert own.customers_both == own.customers_tested == own.customers_trained
    assert own.same_request == EACH
    assert own.report.gold_writes.both


def test_a_folder_is_gone_on_with_under_the_same_settings_only(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_bytes(msgspec.json.encode(Settings(rows=30, arms=(), seeds=0)))
    with pytest.raises(InputError, match="other settings"):
        prepare(tmp_path, Settings())


def test_the_figures_that_are_kept_give_the_tables_of_the_page() -> None:
    figures = load_figures(RESULTS / "figures.json")
    page = (RESULTS.parents[1] / "RESULTS.md").read_text(encoding="utf-8")
    assert put_tables(page, figures) == page
    assert len({run.head["rows"] for run in figures.runs}) == 1
    assert len({run.head["trained_tokens"] for run in figures.runs}) == 1
    assert all(len(run.right) == len(figures.tasks) for run in figures.runs)


def test_the_page_quotes_what_the_figures_say_of_train_and_test() -> None:
    figures = load_figures(RESULTS / "figures.json")
    page = (RESULTS.parents[1] / "RESULTS.md").read_text(encoding="utf-8")
    quoted = " ".join(line.removeprefix("> ") for line in page.splitlines() if line.startswith("> "))
    assert quoted == " ".join(msgspec.convert(figures.contamination, Overlap).sentences())


def test_what_is_shown_over_tasks_alone_is_not_told_as_shown() -> None:
    """Training anew moves more than other tasks do: of a filter by outcome three seeds show nothing."""
    figures = load_figures(RESULTS / "figures.json")
    everything = COMPARED_ON[-1]
    for measure in ("right", "proved"):
        over = seed_interval(compare_seeds(figures, "read-heavy", "normal", measure, everything))
        tasks = compare(figures, "read-heavy", "normal", measure, everything)
        assert over is not None
        assert 0 < over.low < tasks.low
        assert over.estimate == pytest.approx(tasks.mean)
    seeds = compare_seeds(figures, "mix", "kept-by-outcome", "proved", everything)
    over = seed_interval(seeds)
    assert over is not None
    assert compare(figures, "mix", "kept-by-outcome", "proved", everything).low > 0
    assert over.low < min(seeds) < 0 < over.high


def test_the_interval_over_seeds_is_students_and_one_seed_has_none() -> None:
    assert seed_interval([0.5]) is None
    found = seed_interval([0.1, 0.2, 0.3])
    assert found is not None
    half = 4.3027 * 0.1 / 3**0.5
    assert (found.low, found.estimate, found.high) == pytest.approx((0.2 - half, 0.2, 0.2 + half), abs=1e-5)
    wide = seed_interval([-0.9, 0.9])
    assert wide is not None
    assert (wide.low, wide.high) == (-1.0, 1.0)


def test_pictures_stand_by_themselves(tmp_path: Path) -> None:
    files = draw_pictures(load_figures(RESULTS / "figures.json"), tmp_path)
    assert {file.name for file in files} == {file.name for file in RESULTS.glob("*.svg")}
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert fromstring(text).tag.endswith("svg")
        assert "var(" not in text
        assert "normal" in text


@pytest.fixture
def few_threads() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@torch_needed
def test_every_step_of_every_arm_trains_on_as_many_tokens(pools: dict[Kind, list[Played]]) -> None:
    from examples.reproduce.small.training import Batches

    for arm in ARMS.values():
        rows = arm(pools, EACH)
        vocabulary = Vocabulary(words_of(row.tokens for row in rows))
        batches = Batches(rows, vocabulary, 64, Random(1))
        for _ in range(8):
            ids, mask = batches.next()
            assert int(mask.sum()) == 64
            assert ids.shape == mask.shape


@torch_needed
@pytest.mark.usefixtures("few_threads")
def test_a_run_that_was_killed_goes_on_to_the_same_curve(pools: dict[Kind, list[Played]], tmp_path: Path) -> None:
    import torch

    from examples.reproduce.small.training import train

    rows = ARMS["read-heavy"](pools, EACH)
    vocabulary = Vocabulary(words_of(row.tokens for row in rows))
    recipe = Recipe(steps=20, tokens=64, width=32, layers=2)
    whole, curve = train(rows, vocabulary, recipe, 1, tmp_path / "whole")
    train(rows, vocabulary, recipe, 1, tmp_path / "cut", stop=7)
    again, resumed = train(rows, vocabulary, recipe, 1, tmp_path / "cut")
    assert [point.loss for point in resumed] == [point.loss for point in curve]
    assert all(torch.equal(one, other) for one, other in zip(whole.parameters(), again.parameters(), strict=True))


@torch_needed
@pytest.mark.usefixtures("few_threads")
def test_a_model_sees_the_same_with_a_cache_and_plays_what_it_learnt(
    pools: dict[Kind, list[Played]], tmp_path: Path
) -> None:
    import torch

    from examples.reproduce.small.model import Cache
    from examples.reproduce.small.playing import play_all
    from examples.reproduce.small.training import train

    chosen = [one for one in pools["normal"] if one.case.task.recipe == "cancel_order"][:2]
    rows = [play_actions(one, teacher(one)) for one in chosen]
    vocabulary = Vocabulary(words_of(row.tokens for row in rows))
    model, points = train(rows, vocabulary, Recipe(steps=800, tokens=64, width=48, layers=2), 1, tmp_path)
    assert points[-1].loss < 0.2 < points[0].loss
    ids = torch.tensor([vocabulary.encode(Naming(sizes_of(chosen[0].case), Random(3)).rename(rows[0].tokens))])
    cache = Cache(model.shape, 1)
    with torch.no_grad():
        stepped = torch.cat([model.hidden(ids[:, place : place + 1], cache) for place in range(ids.shape[1])], dim=1)
        assert torch.allclose(model.hidden(ids), stepped, atol=1e-4)
    outcomes = play_all(model, vocabulary, chosen)
    assert [one.judged.reward for one in outcomes] == [1.0] * len(chosen)
    assert [one.tokens for one in outcomes] == [" ".join(row.tokens) for row in rows]
