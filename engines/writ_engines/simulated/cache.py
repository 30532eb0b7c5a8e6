"""The server's KV pool: a radix cache over symbolic segments, with eviction.

A sequence is a path of segments, each a key and a number of tokens; equal keys under the same parent are the same
tokens. That is a token-level radix tree whose nodes are split where messages are split. A path that is in use is
locked; what is not is evicted leaf by leaf when room is needed.

A prompt that is computed hits every node on its path. An answer only hits the node that it ends in, for its request has
been counted already; with `answers_count`, as SGLang had it once, it hits its path too. Last uses and such hits are
pushed to the parent only when a node goes, since the parent of a leaf is no candidate for eviction before that: a use
costs O(1) beyond finding the node.

Where sessions are told, a leaf that a session was last seen in goes after all that no session holds; when it goes all
the same, its parent is what the session holds.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from heapq import heappop, heappush
from typing import Literal

Eviction = Literal["lru", "lfu", "slru"]
_HELD = 1 << 62  # above every count of hits
_PROTECTED_HITS = 2  # a segmented LRU evicts what was used this often only after all that was used less


class Node:
    """One segment in the pool. `end` counts the tokens of the path up to and with it, `born` the nodes made before.

    `prompts` counts the requests whose prompt goes through it, less those that its children still keep; `answers` those
    whose answer ends here. `holders` are the sessions that were last seen here.
    """

    __slots__ = (
        "answers",
        "born",
        "children",
        "end",
        "holders",
        "key",
        "last",
        "locks",
        "parent",
        "prompts",
        "stamp",
        "tokens",
    )

    def __init__(self, key: Hashable, parent: Node | None, tokens: int, end: int, born: int) -> None:
        self.key = key
        self.born = born
        self.parent = parent
        self.tokens = tokens
        self.end = end
        self.children: dict[Hashable, Node] = {}
        self.locks = 0
        self.last = 0
        self.prompts = 0
        self.answers = 0
        self.stamp = 0
        self.holders: frozenset[Hashable] = frozenset()


class RadixCache:
    """Tokens in the pool: `used` in all, of which `locked` cannot be evicted. `capacity` is the size of the pool.

    `taken` tokens belong to requests that are being computed and are in no node yet.
    """

    def __init__(
        self, capacity: int, *, page: int = 1, eviction: Eviction = "lru", answers_count: bool = False
    ) -> None:
        self.capacity = capacity
        self.page = page
        self.answers_count = answers_count
        self.eviction: Eviction = eviction
        self.root = Node(None, None, 0, 0, 0)
        self.root.locks = 1
        self.used = 0
        self.locked = 0
        self.taken = 0
        self.evicted = 0
        self._clock = 0
        self._leaves: list[tuple[int, int, int, Node]] = []
        self._held: dict[Hashable, Node] = {}

    @property
    def free(self) -> int:
        """Tokens that can be taken without evicting anything."""
        return self.capacity - self.used - self.taken

    @property
    def available(self) -> int:
        """Tokens that can be taken if all that is not in use is evicted."""
        return self.capacity - self.locked - self.taken

    @property
    def sessions(self) -> int:
        """How many sessions hold something."""
        return len(self._held)

    def find(self, path: Iterable[tuple[Hashable, int]], *, touch: bool = True) -> Node:
        """The last node of the longest prefix of a path that is in the pool."""
        node = self.root
        for key, _ in path:
            child = node.children.get(key)
            if child is None:
                break
            node = child
        if touch and node is not self.root:
            self._use(node)
        return node

    def cached(self, node: Node, prompt: int) -> int:
        """How many tokens of a prompt a node saves: whole pages, and never the whole prompt."""
        return min(node.end, prompt - 1) // self.page * self.page

    def extend(self, node: Node, path: Iterable[tuple[Hashable, int]], start: int, *, answer: bool = False) -> Node:
        """Put the rest of a prompt or an answer, which begins `start` tokens in, under a node; gives its last node.

        The tokens of it must have been `taken`; they are given back to the pool's count as nodes.
        """
        for key, tokens in path:
            end = start + tokens
            child = node.children.get(key)
            if child is None:
                size = end // self.page * self.page - start // self.page * self.page
                self._clock += 1
                child = Node(key, node, size, end, self._clock)
                node.children[key] = child
                self.used += size
            node, start = child, end
        if answer and not self.answers_count:
            node.answers += 1
        else:
            node.prompts += 1
        if node is not self.root:
            self._use(node)
        return node

    def lock(self, node: Node) -> None:
        """Keep a node and all above it from being evicted, until `unlock`."""
        step: Node | None = node
        while step is not None:
            step.locks += 1
            if step.locks > 1:
                return
            self.locked += step.tokens
            step = step.parent

    def unlock(self, node: Node) -> None:
        """Undo one `lock` of a node."""
        step: Node | None = node
        while step is not None:
            step.locks -= 1
            if step.locks:
                return
            self.locked -= step.tokens
            if not step.children:
                self._offer(step)
            step = step.parent

    def hold(self, session: Hashable, node: Node) -> None:
        """A session was seen in a node, and no longer where it was seen before."""
        self.release(session)
        self._held[session] = node
        self._set_holders(node, node.holders | {session})

    def release(self, session: Hashable) -> None:
        """A session has ended, if it was ever seen; what it held goes like all that none holds."""
        node = self._held.pop(session, None)
        if node is not None:
            self._set_holders(node, node.holders - {session})

    def make_room(self, tokens: int) -> bool:
        """Evict until `tokens` are free; false when there is not so much that can go."""
        leaves = self._leaves
        while self.free < tokens:
            if not leaves:
                return False
            _, _, stamp, node = heappop(leaves)
            if node.stamp == stamp and not node.locks and not node.children and node.parent is not None:
                self._evict(node)
        return True

    def clear(self) -> None:
        """Evict all that is not in use."""
        self.make_room(self.capacity - self.taken - self.locked)

    def _use(self, node: Node) -> None:
        self._clock += 1
        node.last = self._clock
        if not node.children and not node.locks:
            self._offer(node)

    def _set_holders(self, node: Node, holders: frozenset[Hashable]) -> None:
        changed = bool(holders) != bool(node.holders)
        node.holders = holders
        if changed and not node.children and not node.locks:
            self._offer(node)

    def _offer(self, node: Node) -> None:
        """Make a leaf a candidate for eviction; an older entry of it becomes void."""
        self._clock += 1
        node.stamp = self._clock
        rank = 0
        if self.eviction == "lfu":
            rank = node.prompts + node.answers
        elif self.eviction == "slru":
            rank = int(node.prompts + node.answers >= _PROTECTED_HITS)
        if node.holders:
            rank += _HELD
        heappush(self._leaves, (rank, node.last, node.stamp, node))

    def _evict(self, node: Node) -> None:
        parent = node.parent
        assert parent is not None
        del parent.children[node.key]
        node.parent = None
        self.used -= node.tokens
        self.evicted += node.tokens
        parent.last = max(parent.last, node.last)
        parent.prompts += node.prompts
        if node.holders:
            self._held.update(dict.fromkeys(node.holders, parent))
            parent.holders |= node.holders
        if not parent.children and not parent.locks:
            self._offer(parent)
