"""`writ calibrate`."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec

from writ_async.cli.output import print_json
from writ_async.commands.calibrate import fit, read_samples, sample_server
from writ_async.errors import InputError, StorageError


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    if not arguments.seconds > 0:
        raise InputError(f"--seconds must be more than 0, not {arguments.seconds:g}")
    is_url = arguments.source.startswith(("http://", "https://"))
    samples = sample_server(arguments.source, arguments.seconds) if is_url else read_samples(arguments.source)
    fitted = fit(samples)
    costs = fitted.costs
    if arguments.out:
        try:
            Path(arguments.out).write_bytes(msgspec.json.format(msgspec.json.encode(costs)) + b"\n")
        except OSError as exc:
            raise StorageError(f"{arguments.out}: {exc.strerror or exc}") from exc
    if arguments.json:
        print_json(fitted)
        return 0
    print(
        f"a decode step takes {1e3 * costs.decode_base:.3f} ms + {1e6 * costs.decode_request:.2f} µs a request "
        f"+ {1e9 * costs.decode_token:.2f} ns a token held (error {1e3 * fitted.error:.3f} ms, "
        f"{fitted.steps:,} steps in {len(samples):,} samples)"
    )
    print(f"prefill goes at {costs.prefill_rate:,.0f} tokens a second; the pool holds {costs.kv_tokens:,} tokens")
    for remark in fitted.remarks:
        print(f"note: {remark}")
    return 0
