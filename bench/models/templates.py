"""Chat templates of our own that render as the three published ones do: what the model folders made here carry."""

_CHATML_TOOLS = r"""
{%- macro signatures() -%}
{{ "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n" ~
"You are provided with function signatures within <tools></tools> XML tags:\n<tools>" }}
{%- for tool in tools %}{{ "\n" ~ tool | tojson }}{% endfor -%}
{{ "\n</tools>\n\nFor each function call, return a json object with function name and arguments within " ~
"<tool_call></tool_call> XML tags:\n<tool_call>\n" ~
"{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call>" }}
{%- endmacro -%}
{%- macro turn(role) -%}{{ "<|im_start|>" ~ role ~ "\n" ~ caller() ~ "<|im_end|>\n" }}{%- endmacro -%}
"""

_CHATML_TURNS = r"""
{%- for m in rest %}
{%- if m.role == "tool" %}
{%- if loop.first or rest[loop.index0 - 1].role != "tool" %}{{ "<|im_start|>user" }}{% endif %}
{{- "\n<tool_response>\n" ~ m.content ~ "\n</tool_response>" }}
{%- if loop.last or rest[loop.index0 + 1].role != "tool" %}{{ "<|im_end|>\n" }}{% endif %}
{%- else %}
{%- if m.content is none and not m.tool_calls and NONE_FAILS %}{{ raise_exception("no content") }}{% endif %}
{%- set said = m.content or "" %}
{%- call turn(m.role) %}{{ said }}
{%- for c in m.tool_calls or [] %}
{%- if said or not loop.first %}{{ "\n" }}{% endif %}
{%- set value = c.function.arguments %}
{{- "<tool_call>\n{\"name\": \"" ~ c.function.name ~ "\", \"arguments\": " }}
{{- value if value is string and VERBATIM else value | tojson }}{{ "}\n</tool_call>" }}
{%- endfor %}{% endcall %}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ "<|im_start|>assistant\n" }}{% endif %}
"""

_CHATML_START = r"""
{%- if not messages %}{{ raise_exception("nothing to render") }}{% endif %}
{%- set spoken = messages[0].role == "system" %}
{%- set system = messages[0].content if spoken else DEFAULT %}
{%- set rest = messages[1:] if spoken else messages %}
{%- if tools %}
{%- call turn("system") %}{% if system is not none %}{{ system ~ "\n\n" }}{% endif %}{{ signatures() }}{% endcall %}
{%- elif system is not none %}
{%- call turn("system") %}{{ system }}{% endcall %}
{%- endif %}
"""


def _chatml(default: str, verbatim: str, none_fails: str) -> str:
    source = (_CHATML_TOOLS + _CHATML_START + _CHATML_TURNS).strip()
    return source.replace("DEFAULT", default).replace("VERBATIM", verbatim).replace("NONE_FAILS", none_fails)


QWEN3 = _chatml("none", "true", "false")
QWEN25 = _chatml('"You are Qwen, created by Alibaba Cloud. You are a helpful assistant."', "false", "true")

LLAMA31 = r"""
{%- macro turn(role) -%}
{{ "<|start_header_id|>" ~ role ~ "<|end_header_id|>\n\n" ~ caller() ~ "<|eot_id|>" }}
{%- endmacro -%}
{%- macro text(m) -%}
{% if m.content is none %}{{ raise_exception("no content") }}{% endif %}{{ m.content | trim }}
{%- endmacro -%}
{%- if not messages %}{{ raise_exception("nothing to render") }}{% endif %}
{%- set ns = namespace(rest=messages, system="") %}
{%- if messages[0].role == "system" %}
{%- set ns.system = messages[0].content | trim %}
{%- set ns.rest = messages[1:] %}
{%- endif %}
{{- bos_token }}
{%- call turn("system") %}
{%- if tools is not none %}{{ "Environment: ipython\n" }}{% endif %}
{{- "Cutting Knowledge Date: December 2023\nToday Date: " ~ strftime_now("%d %b %Y") ~ "\n\n" }}
{{- ns.system }}{% endcall %}
{%- if tools is not none %}
{%- if not ns.rest %}{{ raise_exception("no first user message") }}{% endif %}
{%- call turn("user") %}
{{- "Given the following functions, please respond with a JSON for a function call with its proper arguments " ~
"that best answers the given prompt.\n\n" ~
"Respond in the format {\"name\": function name, \"parameters\": dictionary of argument name and its value}." ~
"Do not use variables.\n\n" }}
{%- for tool in tools %}{{ tool | tojson(indent=4) ~ "\n\n" }}{% endfor %}
{{- text(ns.rest[0]) }}{% endcall %}
{%- set ns.rest = ns.rest[1:] %}
{%- endif %}
{%- for m in ns.rest %}
{%- if m.role == "tool" %}
{%- call turn("ipython") %}{{ m.content | tojson }}{% endcall %}
{%- elif "tool_calls" in m %}
{%- if m.tool_calls | length != 1 %}{{ raise_exception("one call a turn") }}{% endif %}
{%- set f = m.tool_calls[0].function %}
{%- call turn("assistant") %}
{{- "{\"name\": \"" ~ f.name ~ "\", \"parameters\": " ~ f.arguments | tojson ~ "}" }}{% endcall %}
{%- else %}
{%- call turn(m.role) %}{{ text(m) }}{% endcall %}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ "<|start_header_id|>assistant<|end_header_id|>\n\n" }}{% endif %}
""".strip()

FORGETFUL = QWEN3.replace(
    '{%- set said = m.content or "" %}',
    '{%- set said = (m.content or "") if loop.last or m.role != "assistant" else "(said before)" %}',
)
"""Not prefix-stable: it shortens what the assistant said in earlier turns."""

BRACKETED = (
    "{%- for m in messages %}{{ '<|im_start|>' ~ m.role ~ ': ' ~ (m.content or '') ~ '<|im_end|>' }}{% endfor %}"
    "{%- if add_generation_prompt %}{{ '<|im_start|>assistant: ' }}{% endif %}"
)
"""Prefix-stable, and no family's: it shows neither tools nor calls."""
