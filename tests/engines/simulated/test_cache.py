import pytest
from hypothesis import given
from hypothesis import strategies as st
from writ_engines.simulated.cache import Eviction, RadixCache


def insert(cache: RadixCache, path: list[tuple[str, int]]) -> None:
    """Compute a sequence and let it go, as a request does."""
    node = cache.find(path)
    cache.lock(node)
    need = sum(tokens for _, tokens in path) - node.end
    if not cache.make_room(need):
        cache.unlock(node)
        return
    cache.taken += need
    cache.taken -= need
    start, rest = 0, list(path)
    while rest and start < node.end:
        start += rest.pop(0)[1]
    new = cache.extend(node, rest, start)
    cache.lock(new)
    cache.unlock(node)
    cache.unlock(new)


def test_a_prefix_is_found_again_and_never_the_whole_prompt() -> None:
    cache = RadixCache(100)
    insert(cache, [("system", 10), ("a", 5)])
    node = cache.find([("system", 10), ("a", 5), ("b", 3)])
    assert cache.cached(node, 18) == 15
    assert cache.cached(node, 15) == 14
    assert cache.cached(cache.find([("system", 10), ("other", 5)]), 15) == 10
    assert cache.cached(cache.find([("x", 10)]), 10) == 0


def test_whole_pages_alone_are_kept() -> None:
    cache = RadixCache(100, page=16)
    insert(cache, [("system", 20), ("a", 20)])
    assert cache.used == 32
    assert cache.cached(cache.find([("system", 20), ("a", 20), ("b", 9)]), 49) == 32


def test_the_least_recently_used_leaf_goes_first() -> None:
    cache = RadixCache(30)
    for key in "abc":
        insert(cache, [("system", 6), (key, 8)])
    insert(cache, [("system", 6), ("a", 8)])
    insert(cache, [("system", 6), ("d", 8)])
    kept = [key for key in "abcd" if cache.find([("system", 6), (key, 8)], touch=False).end == 14]
    assert kept == ["a", "c", "d"]


def put(cache: RadixCache, path: list[tuple[str, int]], session: str) -> None:
    """The same for a request of a session."""
    insert(cache, path)
    cache.hold(session, cache.find(path, touch=False))


@pytest.mark.parametrize("eviction", ["lru", "lfu", "slru"])
def test_what_a_session_left_goes_before_what_others_hold_though_it_is_newer(eviction: Eviction) -> None:
    cache = RadixCache(30, eviction=eviction)
    put(cache, [("system", 6), ("waits", 8)], "waits")
    for _ in range(3):
        put(cache, [("system", 6), ("ended", 8)], "ended")
    cache.release("ended")
    cache.release("ended")
    cache.release("never seen")
    put(cache, [("system", 6), ("new", 16)], "new")
    assert cache.find([("system", 6), ("waits", 8)], touch=False).end == 14
    assert cache.find([("system", 6), ("ended", 8)], touch=False).end == 6


def test_what_all_sessions_hold_goes_in_the_order_of_use_and_they_hold_what_is_left() -> None:
    cache = RadixCache(20)
    put(cache, [("a", 4), ("b", 8)], "old")
    put(cache, [("new", 12)], "new")
    assert cache.find([("a", 4), ("b", 8)], touch=False).end == 4
    cache.release("new")
    insert(cache, [("more", 12)])
    assert cache.find([("a", 4)], touch=False).end == 4
    assert cache.find([("new", 12)], touch=False).end == 0
    assert cache.used == 16


def test_a_session_holds_only_where_it_was_seen_last() -> None:
    cache = RadixCache(20)
    put(cache, [("first", 8)], "s")
    put(cache, [("rewritten", 8)], "s")
    insert(cache, [("more", 8)])
    assert cache.find([("first", 8)], touch=False).end == 0
    assert cache.find([("rewritten", 8)], touch=False).end == 8


def test_what_is_used_twice_outlives_what_is_new_under_slru() -> None:
    cache = RadixCache(20, eviction="slru")
    for _ in range(3):
        insert(cache, [("often", 10)])
    insert(cache, [("once", 10)])
    insert(cache, [("later", 10)])
    assert cache.find([("often", 10)], touch=False).end == 10
    assert cache.find([("once", 10)], touch=False).end == 0


@pytest.mark.parametrize(("answers_count", "kept"), [(False, 0), (True, 10)])
def test_an_answer_protects_its_prompt_only_where_answers_count(answers_count: bool, kept: int) -> None:
    cache = RadixCache(30, eviction="slru", answers_count=answers_count)
    prompt = cache.extend(cache.root, [("prompt", 10)], 0)
    cache.extend(prompt, [("answer", 5)], 10, answer=True)
    cache.extend(cache.root, [("other", 10)], 0)
    cache.make_room(20)
    assert cache.find([("prompt", 10)], touch=False).end == kept


def test_a_history_is_protected_once_a_second_prompt_has_gone_through_it() -> None:
    cache = RadixCache(60, eviction="slru")
    turn = cache.extend(cache.root, [("turn 1", 10)], 0)
    answer = cache.extend(turn, [("answer 1", 5)], 10, answer=True)
    cache.extend(answer, [("turn 2", 10)], 15)
    for name in "abc":
        cache.extend(cache.root, [(name, 10)], 0)
    cache.make_room(40)
    found = cache.find([("turn 1", 10), ("answer 1", 5), ("turn 2", 10)], touch=False)
    assert (
        found.end == 15
    )  # the last turn went first of all, being old and used once; the rest outlived what came later


def test_what_is_locked_stays() -> None:
    cache = RadixCache(20)
    insert(cache, [("system", 6), ("a", 8)])
    node = cache.find([("system", 6), ("a", 8)])
    cache.lock(node)
    assert not cache.make_room(7)
    assert cache.available == 6
    cache.unlock(node)
    assert cache.make_room(20)
    assert (cache.used, cache.locked, cache.evicted) == (0, 0, 14)


paths = st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.just(5)), min_size=1, max_size=6), max_size=60)


@given(paths, st.sampled_from(["lru", "lfu", "slru"]))
def test_counts_agree_with_the_nodes_whatever_comes(sequences: list[list[tuple[str, int]]], eviction: Eviction) -> None:
    cache = RadixCache(60, eviction=eviction)
    for path in sequences:
        insert(cache, path)
        nodes, total = [cache.root], 0
        while nodes:
            node = nodes.pop()
            total += node.tokens
            nodes += node.children.values()
        assert cache.used == total <= cache.capacity
        assert cache.locked == 0
        assert cache.find(path, touch=False).end == sum(tokens for _, tokens in path)
