"""Schedule policies on a cache of known content."""

from collections import deque

from writ_engines.simulated.cache import RadixCache
from writ_engines.simulated.order import SchedulePolicy, arrange, refresh
from writ_engines.simulated.requests import Generation, Segment


def cache_of(*paths: list[Segment], capacity: int = 1000) -> RadixCache:
    cache = RadixCache(capacity)
    for path in paths:
        cache.extend(cache.root, path, 0)
    return cache


def request(name: str, path: list[Segment]) -> Generation:
    return Generation(name, path, sum(tokens for _, tokens in path), 1, 1, lambda generation: None)


def asking(*names: str) -> deque[Generation]:
    """Requests that each go on from a history of their name."""
    return deque(request(name, [(name, 100), ("new", 20)]) for name in names)


def keys(requests: deque[Generation]) -> list[str]:
    return [str(generation.key) for generation in requests]


def arranged(waiting: deque[Generation], cache: RadixCache, policy: SchedulePolicy) -> deque[Generation]:
    return deque(arrange(waiting, cache, policy))


def test_a_look_at_the_queue_makes_the_history_of_its_head_the_first_to_go() -> None:
    """That is why orders that look at the cache do not save a queue which is longer than the pool."""
    cache = cache_of([("a", 100)], [("b", 100)], [("c", 100)])
    waiting = arranged(asking("c", "a", "b"), cache, "lpm")
    cache.make_room(cache.capacity - 200)
    assert keys(waiting) == ["c", "a", "b"]
    assert [cache.find(generation.path, touch=False).end for generation in waiting] == [0, 100, 100]


def test_where_the_policy_does_not_look_the_head_is_refreshed_last() -> None:
    cache = cache_of([("a", 100)], [("b", 100)], [("c", 100)])
    refresh(asking("c", "a"), cache)
    cache.make_room(cache.capacity - 100)
    assert [cache.find([(name, 100)], touch=False).end for name in "abc"] == [0, 0, 100]


def test_what_ties_keeps_the_places_of_the_last_look() -> None:
    cache = cache_of([("a", 100)], [("b", 50)])
    waiting = arranged(deque([request("b", [("b", 50), ("x", 9)]), request("a", [("a", 100), ("x", 9)])]), cache, "lpm")
    assert keys(waiting) == ["a", "b"]
    cache.clear()
    assert keys(arranged(waiting, cache, "lpm")) == ["a", "b"]


def test_of_requests_that_begin_alike_and_are_not_cached_all_but_one_are_put_off() -> None:
    alike = [request(name, [("shared", 40), (name, 20)]) for name in "ab"]
    waiting = deque(
        [*alike, request("short", [("other", 31), ("short", 60)]), request("c", [("other", 31), ("c", 70)])]
    )
    assert keys(arranged(waiting, RadixCache(1000), "shortest-prefill-first")) == ["a", "short", "c", "b"]
    assert keys(arranged(waiting, RadixCache(1000), "lpm")) == ["a", "short", "c", "b"]
    cached = cache_of([("shared", 40)])
    assert keys(arranged(waiting, cached, "lpm")) == ["a", "b", "short", "c"]


def test_the_heaviest_subtree_goes_first_and_the_one_that_was_made_first_of_equals() -> None:
    cache = cache_of([("s", 10), ("a", 50)], [("s", 10), ("b", 50)], [("s", 10), ("c", 50)])
    waiting = deque(
        request(name, [("s", 10), (name[0], 50), (name, 5)]) for name in ("new", "c1", "b1", "a1", "c2", "b2")
    )
    assert keys(arranged(waiting, cache, "dfs-weight")) == ["b1", "b2", "c1", "c2", "a1", "new"]
