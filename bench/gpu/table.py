"""The page of a measurement: markdown tables for bench/README.md."""

from __future__ import annotations

from bench.gpu.data import Measured


def page(measured: Measured) -> str:
    """All of it as markdown."""
    server = measured.server
    lines = [
        f"## {measured.model} on {measured.device}, SGLang {server.get('version', '?')}, {measured.started[:10]}",
        "",
        f"Ready after {measured.start_seconds:.0f} s; KV pool {server.get('max_total_num_tokens', 0):,} tokens, page "
        f"{server.get('page_size', '?')}, prefill in chunks of {server.get('chunked_prefill_size', '?')}.",
        "",
    ]
    lines += _costs(measured) + _decode(measured) + _prefill(measured) + _turns(measured)
    if measured.stopped:
        lines += ["Not measured for want of time: " + "; ".join(measured.stopped) + ".", ""]
    return "\n".join(lines)


def _costs(measured: Measured) -> list[str]:
    costs, fit = measured.costs, measured.fit
    if costs is None or fit is None:
        return []
    return [
        "| what | fitted |",
        "|---|---|",
        f"| decode step | {costs.decode_base * 1e3:.3f} ms + {costs.decode_request * 1e6:.2f} µs a request "
        f"+ {costs.decode_token * 1e6:.4f} ms per 1k KV tokens |",
        f"| prefill | {costs.prefill_rate:,.0f} tokens/s, {costs.prefill_attention * 1e12:.2f} ps a pair of tokens |",
        f"| error of the fit, rms (largest) | decode {fit.decode_rms:.1%} ({fit.decode_largest:.1%}), "
        f"prefill {fit.prefill_rms:.1%} ({fit.prefill_largest:.1%}) |",
        "",
    ]


def _decode(measured: Measured) -> list[str]:
    if not measured.decode:
        return []
    return [
        "| context | requests | step ms | by the client's clock | tokens/s | answer p50 s | p95 |",
        "|---:|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {cell.context:,} | {cell.mean_requests:.1f} | {cell.step_seconds * 1e3:.2f} "
            f"| {cell.wall_step_seconds * 1e3:.2f} | {cell.tokens_per_second:,.0f} "
            f"| {cell.answer_p50:.2f} | {cell.answer_p95:.2f} |"
            for cell in sorted(measured.decode, key=lambda cell: (cell.context, cell.requests))
        ),
        "",
    ]


def _prefill(measured: Measured) -> list[str]:
    if not measured.prefill:
        return []
    return [
        "| prompts | new tokens | behind cached | seconds | by the client's clock | tokens/s |",
        "|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {cell.prompts} | {cell.new:,} | {cell.cached_found:,.0f} | {cell.seconds:.3f} "
            f"| {cell.wall_seconds:.3f} | {cell.tokens / cell.seconds:,.0f} |"
            for cell in measured.prefill
        ),
        "",
    ]


def _turns(measured: Measured) -> list[str]:
    if not measured.turns:
        return []
    return [
        "| sglang engine | calls | history cached | cached tokens | client µs a call | p50 s | p95 s | tokens/s |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {'batched' if row.batched else 'one request a call'}, {row.sessions} conversations | {row.calls} "
            f"| {row.whole_hits}/{row.later_turns} | {row.cached_tokens / max(1, row.prompt_tokens):.1%} "
            f"| {row.client_microseconds:.0f} | {row.call_p50:.2f} | {row.call_p95:.2f} "
            f"| {row.completion_tokens / row.seconds:,.0f} |"
            for row in measured.turns
        ),
        "",
    ]
