from hypothesis import given
from hypothesis import strategies as st

from engines.simulated.cache import Eviction, RadixCache


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


def test_what_is_used_twice_outlives_what_is_new_under_slru() -> None:
    cache = RadixCache(20, eviction="slru")
    for _ in range(3):
        insert(cache, [("often", 10)])
    insert(cache, [("once", 10)])
    insert(cache, [("later", 10)])
    assert cache.find([("often", 10)], touch=False).end == 10
    assert cache.find([("once", 10)], touch=False).end == 0


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
