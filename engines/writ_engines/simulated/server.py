"""A model server as a discrete-event model: continuous batching, chunked prefill, radix cache, admission, retraction.

It does what SGLang's scheduler does, in virtual time: before each step it takes in waiting requests as long as there is
room, prefills them in chunks, and otherwise decodes one token for every running request. Decode steps between two
events are taken in one jump, so the cost is O(log running) per request, not per token.

When a request may come in (SGLang's rule): its uncached prompt and its own limit on output must fit into what is free
or can be evicted, less what running requests may yet write. That is weighed by a ratio which falls from 0.7 to a floor
over 600 decode steps, and which a retraction sets to what running requests have in fact written of their limits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from math import ceil, sqrt

from writ_engines.simulated.cache import RadixCache
from writ_engines.simulated.costs import Costs
from writ_engines.simulated.flags import ServerOptions
from writ_engines.simulated.order import REFRESH_PASSES, arrange, looks_at_cache, refresh
from writ_engines.simulated.requests import Generation, Report

_FIRST_RATIO = 0.7
_LEAST_RATIO = 0.14
_RATIO_STEPS = 600
_MOST_RESERVED = 4096  # no more than this is reserved for one request's output
_RETRACT_STEPS = 20  # after a retraction every running request is expected to write this much more


class QueueFullError(Exception):
    """The server's queue is full."""


class PromptTooLongError(Exception):
    """A prompt can never fit into the pool."""


class Server:
    """The model. Lives on the event loop on which the first request comes; `report` counts what it does."""

    def __init__(self, costs: Costs, options: ServerOptions | None = None) -> None:
        self.costs = costs
        self.options = options or ServerOptions()
        self.cache = RadixCache(
            costs.kv_tokens,
            page=self.options.page_size,
            eviction=self.options.radix_eviction_policy,
            answers_count=self.options.release == "0.5.20",
        )
        self.report = Report()
        self.running = 0
        self.retractions = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[Generation] = deque()
        self._finishing: list[tuple[int, int, Generation]] = []  # a heap of running requests by their last decode step
        self._order = 0
        self._steps = 0  # decode steps so far; a running request has written as many tokens as steps since it began
        self._kv = 0  # KV tokens of running requests, what they share counted for each
        self._most = 0  # the sum of running requests' limits on output
        self._written = 0  # the sum of what running requests have written
        self._first_ratio = min(_FIRST_RATIO * self.options.schedule_conservativeness, 1.0)
        self._least_ratio = self._first_ratio * _LEAST_RATIO
        self._ratio = self._first_ratio
        self._full = False  # nothing more fits until a request ends
        self._passes = 0  # how often the waiting requests were looked at in the order in which they came
        self._partial: Generation | None = None  # a prompt of which chunks are yet to be computed
        self._batch: list[Generation] = []  # prompts that the step under way completes
        self._busy = False
        self._decoding = 0  # planned decode steps of the jump under way
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """Requests that are not being computed."""
        return len(self._waiting)

    def submit(self, generation: Generation) -> None:
        """Take a request; its `done` is called when it has ended.

        Raises `QueueFullError` when too many wait, `PromptTooLongError` when it can never fit.
        """
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        limit = self.options.max_queued_requests
        if limit and len(self._waiting) >= limit:
            self.report.refused += 1
            raise QueueFullError
        room = self.cache.capacity - generation.prompt - self.options.page_size
        if room < 1:
            raise PromptTooLongError
        generation.output = min(generation.output, room)
        generation.most = max(min(generation.most, room), generation.output)
        generation.arrived = self._loop.time()
        if self.report.first_at < 0:
            self.report.first_at = generation.arrived
        self._waiting.append(generation)
        self.report.most_waiting = max(self.report.most_waiting, len(self._waiting))
        if not self._busy:
            self._busy = True
            self._timer = self._loop.call_later(0.0, self._step)
        elif self._decoding > 1 and not self._full:
            self._cut_short()

    def withdraw(self, generation: Generation) -> None:
        """Forget a request that nobody waits for any more; one that is being computed is computed to its end."""
        generation.session = None
        if generation in self._waiting:
            self._waiting.remove(generation)

    def close_session(self, session: Hashable) -> None:
        """What a session left in the cache goes before what sessions that go on have there."""
        self.cache.release(session)

    def _step(self) -> None:
        """The step under way has ended: take its results, and begin the next."""
        if self._decoding:
            self._end_decode()
        elif self._batch or self._partial is not None:
            self._end_prefill()
        if self._begin_prefill() or self._begin_decode():
            return
        self._busy = bool(self._waiting)
        self._full = False
        if self._busy:
            # Nothing runs and yet nothing fits: what is waiting comes in alone.
            self._schedule(self.costs.decode_base)
        else:
            self._ratio = self._first_ratio

    def _schedule(self, seconds: float) -> None:
        assert self._loop is not None
        self._since = self._loop.time()
        self._timer = self._loop.call_at(self._since + seconds, self._step)

    # Prefill

    def _begin_prefill(self) -> bool:
        room = self.options.chunked_prefill_size
        tokens, pairs = 0, 0.0
        if (partial := self._partial) is not None:
            tokens = min(partial.left, room)
            pairs = self._chunk(partial, tokens)
            if not partial.left:
                self._batch.append(partial)
                self._partial = None
        if self._waiting and not self._full and self._partial is None:
            self._arrange()
            for generation in self._admitted(room - tokens):
                chunk = min(generation.left, room - tokens)
                pairs += self._chunk(generation, chunk)
                tokens += chunk
                if generation.left:  # it is the last one, for its prompt was the one that filled the chunk
                    self._partial = generation
                else:
                    self._batch.append(generation)
        if not tokens:
            return False
        seconds = self.costs.prefill(tokens, pairs)
        report = self.report
        report.prefill_steps += 1
        report.prefilled_tokens += tokens
        report.prefill_pairs += pairs
        report.prefill_seconds += seconds
        self._schedule(seconds)
        return True

    def _chunk(self, generation: Generation, tokens: int) -> float:
        """Compute some tokens of a prompt; gives how many pairs of tokens attention looks at."""
        done = generation.prompt + generation.carried - generation.left
        generation.left -= tokens
        return tokens * (done + tokens / 2)

    def _arrange(self) -> None:
        """Put the waiting requests in order; the policies that look at the cache use what they look at."""
        options = self.options
        if looks_at_cache(options.schedule_policy, len(self._waiting)):
            self._waiting = deque(arrange(self._waiting, self.cache, options.schedule_policy))
        elif options.radix_eviction_policy == "lru" and options.release != "0.5.20":
            if self._passes % REFRESH_PASSES == 0:
                refresh(self._waiting, self.cache)
            self._passes += 1

    def _admitted(self, budget: int) -> list[Generation]:
        """Take in waiting requests while they fit, up to a chunk; their room is taken and their prefix locked."""
        cache, page = self.cache, self.options.page_size
        taken: list[Generation] = []
        reserved = int(self._ratio * (self._most - self._written))
        alone = not self.running
        free = self.options.max_running_requests - self.running - len(self._batch)
        for generation in self._waiting:
            if budget <= 0:
                break
            if len(taken) >= free:
                self._full = True
                break
            node = cache.find(generation.path)
            whole = generation.prompt + generation.carried
            cached = cache.cached(node, whole)
            left = whole - cached
            most = min(generation.most - generation.carried, _MOST_RESERVED) + page
            cache.lock(node)
            if left + most + reserved >= cache.available and not (alone and not taken and left <= cache.available):
                cache.unlock(node)
                self._full = True
                break
            cache.taken += left
            reserved += most
            budget -= left
            generation.node, generation.left = node, left
            if generation.first:
                generation.first, generation.cached = False, cached
                assert self._loop is not None
                self.report.queued_seconds += self._loop.time() - generation.arrived
            taken.append(generation)
        for _ in taken:
            self._waiting.popleft()
        # Only now does something go: what one of them finds cannot be evicted for one that is taken in before it.
        cache.make_room(0)
        return taken

    def _end_prefill(self) -> None:
        batch, self._batch = self._batch, []
        for generation in batch:
            self._insert(generation)
            self.running += 1
            self.report.most_running = max(self.report.most_running, self.running)
            generation.began = self._steps
            self._kv += generation.prompt + generation.carried
            self._most += min(generation.most - generation.carried, _MOST_RESERVED)
            self._order += 1
            last = self._steps + generation.output - generation.carried - 1
            heappush(self._finishing, (last, self._order, generation))
        self._full = self._full or self.running >= self.options.max_running_requests
        self._finish()

    def _insert(self, generation: Generation) -> None:
        """A whole prompt has been computed: put it into the cache, where others can use it at once."""
        cache, old = self.cache, generation.node
        assert old is not None
        whole = generation.prompt + generation.carried
        cache.taken -= whole - cache.cached(old, whole)
        path, start = generation.path, 0
        if generation.carried:
            path = [*path, ((generation.key, generation.carried), generation.carried)]
        for place, (_, tokens) in enumerate(path):
            if start >= old.end:
                path = path[place:]
                break
            start += tokens
        else:
            path = []
        # The prefix may have grown since the request came in: others compute the same prompts.
        node = cache.extend(old, path, start)
        cache.lock(node)
        cache.unlock(old)
        generation.node = node

    # Decode

    def _begin_decode(self) -> bool:
        if not self.running:
            return False
        if self.cache.available < self.running:
            self._retract()
        steps = self._finishing[0][0] - self._steps
        self._decoding = max(1, min(steps, self.cache.available // self.running))
        self._schedule(self._jump(self._decoding))
        return True

    def _jump(self, steps: int) -> float:
        """Seconds of the next decode steps; each makes every running request one token longer."""
        one = self.costs.decode(self.running, self._kv)
        return steps * one + self.costs.decode_token * self.running * steps * (steps - 1) / 2

    def _cut_short(self) -> None:
        """A request has come: end the jump with the decode step that is under way."""
        assert self._loop is not None
        assert self._timer is not None
        gone = self._loop.time() - self._since
        one = self.costs.decode(self.running, self._kv)
        slope = self.costs.decode_token * self.running / 2
        # slope * n² + (one - slope) * n = gone
        base = one - slope
        steps = gone / base if slope <= 0 else (sqrt(base * base + 4 * slope * gone) - base) / (2 * slope)
        whole = max(1, ceil(steps - 1e-9))
        if whole < self._decoding:
            self._decoding = whole
            self._timer.cancel()
            self._timer = self._loop.call_at(self._since + self._jump(whole), self._step)

    def _end_decode(self) -> None:
        steps, self._decoding = self._decoding, 0
        running, report, cache = self.running, self.report, self.cache
        seconds = self._jump(steps)
        tokens = running * steps
        report.decode_steps += steps
        report.decode_seconds += seconds
        report.decode_requests += tokens
        report.kv_steps += self._kv * steps + running * steps * (steps - 1) // 2
        self._steps += steps
        cache.make_room(tokens)
        cache.taken += tokens
        self._kv += tokens
        self._written += tokens
        decay = (self._first_ratio - self._least_ratio) / _RATIO_STEPS
        self._ratio = max(self._least_ratio, self._ratio - decay * steps)
        self._finish()

    def _finish(self) -> None:
        """End the requests that have written all their tokens."""
        finishing = self._finishing
        while finishing and finishing[0][0] <= self._steps:
            generation = heappop(finishing)[2]
            written = self._release(generation)
            node = generation.node
            assert node is not None
            if written:
                # The last token has been sampled but never fed: the cache does not hold it.
                key = (generation.key, generation.carried + written)
                segment = (key if generation.carried else generation.key, written)
                new = self.cache.extend(node, [segment], node.end, answer=True)
                self.cache.lock(new)
                self.cache.unlock(node)
                node = new
            self.cache.unlock(node)
            if generation.session is not None and self.options.enable_session_radix_cache:
                self.cache.hold(generation.session, node)
            self._report(generation)
            self._full = False
            generation.done(generation)

    def _release(self, generation: Generation) -> int:
        """A running request runs no more; gives how many tokens of KV it has written, which are free again."""
        written = self._steps - generation.began
        self.running -= 1
        self._kv -= generation.prompt + generation.carried + written
        self._most -= min(generation.most - generation.carried, _MOST_RESERVED)
        self._written -= written
        self.cache.taken -= written
        return written

    def _report(self, generation: Generation) -> None:
        assert self._loop is not None
        report = self.report
        report.requests += 1
        report.prompt_tokens += generation.prompt
        report.cached_tokens += generation.cached
        report.output_tokens += generation.output
        report.retractions += generation.retractions
        report.last_at = self._loop.time()
        report.evicted_tokens = self.cache.evicted

    def _retract(self) -> None:
        """Send running requests back to the queue until the others have room: those with the least output first."""
        victims = sorted(
            self._finishing, key=lambda item: (self._steps - item[2].began + item[2].carried, -item[2].prompt)
        )
        gone: set[int] = set()
        for item in victims:
            if self.running == 1 or self.cache.available >= self.running:
                break
            generation = item[2]
            gone.add(item[1])
            written = self._release(generation)
            assert generation.node is not None
            self.cache.unlock(generation.node)
            generation.carried += written
            generation.retractions += 1
            self.retractions += 1
            self._waiting.append(generation)
        self._finishing = [item for item in self._finishing if item[1] not in gone]
        heapify(self._finishing)
        if self._most:
            self._ratio = min(1.0, (self._written + _RETRACT_STEPS * self.running) / self._most)
        self._full = False
