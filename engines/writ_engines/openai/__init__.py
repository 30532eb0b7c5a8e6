"""An engine for servers of `/v1/chat/completions`: vendors, SGLang, vLLM.

    writ eval --tasks tau2:retail --engine openai --engine-option model=gpt-5.1 --engine-option reasoning_effort=none

The key comes from the environment alone and is written nowhere. Works on text: for token ids use `sglang`.
"""

from writ_engines.openai.engine import ENGINE, OpenAIEngine
from writ_engines.openai.options import OpenAIOptions
from writ_engines.openai.prices import find_price

__all__ = ["ENGINE", "OpenAIEngine", "OpenAIOptions", "find_price"]
