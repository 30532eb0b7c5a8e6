"""A chat template of a model that thinks."""

# Turns like Qwen3's: what was thought stays until the user speaks again.
HYBRID = """
{%- if tools %}{{ '<|im_start|>system\\n<tool_call>"arguments"</tool_call><|im_end|>\\n' }}{% endif %}
{%- set ns = namespace(last=0) %}
{%- for m in messages %}{% if m.role == "user" %}{% set ns.last = loop.index0 %}{% endif %}{% endfor %}
{%- for m in messages %}
{{- "<|im_start|>" ~ m.role ~ "\\n" }}
{%- if m.role == "assistant" and m.reasoning_content and loop.index0 > ns.last %}
{{- "<think>\\n" ~ m.reasoning_content ~ "\\n</think>\\n\\n" }}{% endif %}
{{- m.content or "" }}
{%- for c in m.tool_calls or [] %}
{{- ("\\n" if m.content or not loop.first else "") ~ "<tool_call>\\n" }}
{{- '{"name": "' ~ c.function.name ~ '", "arguments": ' }}
{{- c.function.arguments | tojson ~ "}\\n</tool_call>" }}
{%- endfor %}
{{- "<|im_end|>\\n" }}
{%- endfor %}
{%- if add_generation_prompt %}{{ "<|im_start|>assistant\\n" }}{% endif %}"""
