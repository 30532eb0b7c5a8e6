"""The server of gold calls (`client_loads/gold_server.py`), slowed down: `PORT SCRIPT LOW HIGH`, in milliseconds."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from zlib import crc32

import msgspec

from bench.client_loads.gold_server import GoldConnection, prepare
from bench.client_loads.plans import Script
from bench.client_loads.protocol import serve


class PacedConnection(GoldConnection):
    """Answers a chat after a while, as long for the same words each time."""

    slow: tuple[float, float] = (0.0, 0.0)

    def answer(self, head: bytes, body: bytes) -> None:
        if b"/chat/completions" not in head.partition(b"\r\n")[0]:
            super().answer(head, body)
            return
        low, high = self.slow
        seconds = (low + (high - low) * crc32(body) / 2**32) / 1000
        asyncio.get_running_loop().call_later(seconds, self._write, self.chat_turn(body))

    def _write(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)


if __name__ == "__main__":
    port, script, low, high = sys.argv[1:]
    prepare(msgspec.json.decode(Path(script).read_bytes(), type=Script), None)
    PacedConnection.slow = float(low), float(high)
    serve(PacedConnection, int(port))
