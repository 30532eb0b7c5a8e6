"""The engine's options, and what follows from them: the address, the key, and the parameters of every request."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

import msgspec

from writ_engines.http import HttpOptions, server_urls
from writ_engines.http.keys import Secrets, read_key_and_headers, request_headers, require_address
from writ_engines.openai.body import SendReasoning

VENDOR_URL = "https://api.openai.com/v1"

_RESERVED = ("messages", "model", "n", "seed", "stream", "tools")
_FAMILY = re.compile(r"gpt-(\d+)(\.\d+)?(?=$|-)")


class OpenAIOptions(HttpOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the openai engine: any server of /v1/chat/completions (a vendor, SGLang, vLLM).

    Those of `HttpOptions`; without `url` the address is OPENAI_BASE_URL, else the vendor's. What is not given is left
    to the server. `temperature` and `top_p` are not sent to models that refuse them, as those of OpenAI do that reason:
    GPT-5.x under any reasoning_effort but none, GPT-5, the o series. `extra` is of the body, such as
    {"chat_template_kwargs": {"enable_thinking": true}}.

    key_env: the environment variable that holds the key; the key itself is no option, and is written nowhere
    key_header: the header that carries the key; `Authorization: Bearer KEY` if not given, `api-key` for Azure
    headers: more headers of every request as a JSON object; a value "$NAME" is taken from the environment. They are
    written nowhere; one that is the key's goes in its place, and the environment's key to nobody
    api_version: what Azure wants as `?api-version=` behind every address; its url ends with /openai/deployments/NAME
    reasoning_effort: none, minimal, low, medium or high; the server's own if not given
    parallel_tool_calls: true or false; the server's own if not given
    send_reasoning: auto, always or never; auto sends back what the server told as thought of turns that called tools
    prices: a TOML file of dollars per million tokens, for models that the package knows no price of
    trust_env: on if not given
    """

    key_env: str = "OPENAI_API_KEY"
    key_header: str = ""
    headers: str | dict[str, str] = ""
    api_version: str = ""
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high"] | None = None
    parallel_tool_calls: bool | None = None
    send_reasoning: SendReasoning = "auto"
    prices: str = ""
    trust_env: bool = True


class Endpoint(msgspec.Struct, frozen=True):
    """Where requests go. `key` is the secret, empty where there is none; `key_env` names its variable.

    `key_header` carries it, `more_headers` go with it, and `query` stands behind every path.
    """

    url: str
    key_env: str
    key: str
    key_header: str = ""
    more_headers: Mapping[str, str] = {}
    query: str = ""

    def __repr__(self) -> str:
        return f"Endpoint({self.url!r}, {self.key_env!r})"

    def headers(self) -> dict[str, str]:
        """What goes with every request."""
        return request_headers(self.key, self.key_header, self.more_headers)

    def scrub(self, text: str) -> str:
        """The text without the key and the headers, which a server may repeat; also where it was cut within one."""
        return Secrets({self.key_env: self.key, **self.more_headers}).scrub(text)


def find_endpoints(options: OpenAIOptions, environment: Mapping[str, str] | None = None) -> list[Endpoint]:
    """The address of each server, with the key. A path of `/v1` is added to an address that has none.

    One that ends with `/.` is the root of its server, for those that answer without `/v1`.

    Raises `InputError` for an address that is none or holds a password, and for a key that is missing where there must
    be one: at the vendor's address, or where `key_env` was given. No error holds the key.
    """
    environment = os.environ if environment is None else environment
    urls = options.url or environment.get("OPENAI_BASE_URL", "").strip() or VENDOR_URL
    where = "url" if options.url else "OPENAI_BASE_URL"
    return [_find_endpoint(options, url, where, environment) for url in server_urls(urls, f"engine 'openai': {where}")]


def _find_endpoint(options: OpenAIOptions, url: str, where: str, environment: Mapping[str, str]) -> Endpoint:
    require_address(url, "openai", where, "http://127.0.0.1:30000/v1")
    url = url.rstrip("/#?")
    if url.endswith("/."):
        url = url[:-2]
    elif not urlsplit(url).path.strip("/"):
        url += "/v1"
    needed = url == VENDOR_URL or options.key_env != "OPENAI_API_KEY"
    key, more = read_key_and_headers("openai", options, environment, url, needed=needed)
    query = f"?{urlencode({'api-version': options.api_version})}" if options.api_version else ""
    return Endpoint(url, options.key_env, key, options.key_header, more, query)


def refuses_sampling(model: str, effort: str | None) -> bool:
    """Whether a vendor's model refuses temperature and top_p.

    Models that reason take only the defaults: the o series and GPT-5 always, GPT-5.1 and later when the effort is not
    none, which is their default. Chat variants, such as gpt-5-chat-latest, do not reason.
    """
    name = model.rpartition("/")[2].lower()
    if re.match(r"o\d", name):
        return True
    family = _FAMILY.match(name)
    if family is None or int(family[1]) < 5 or "-chat" in name:
        return False
    return True if name.startswith("gpt-5") and family[2] is None else effort not in (None, "none")


def wants_completion_tokens(model: str, url: str) -> bool:
    """Whether the limit is called max_completion_tokens: by OpenAI, and by whoever passes its newer models on."""
    name = model.rpartition("/")[2].lower()
    family = _FAMILY.match(name)
    newer = family is not None and int(family[1]) >= 5
    return newer or bool(re.match(r"o\d", name)) or urlsplit(url).hostname == urlsplit(VENDOR_URL).hostname


def parameters(options: OpenAIOptions, url: str) -> dict[str, Any]:
    """The fields that all requests have alike, those of `extra` last. Raises `InputError` for a wrong `extra`."""
    fields: dict[str, Any] = {}
    if not refuses_sampling(options.model, options.reasoning_effort):
        fields["temperature"] = options.temperature
        fields["top_p"] = options.top_p
    limit = "max_completion_tokens" if wants_completion_tokens(options.model, url) else "max_tokens"
    fields[limit] = options.max_tokens
    fields["reasoning_effort"] = options.reasoning_effort
    given = {name: value for name, value in fields.items() if value is not None}
    return {**given, **options.read_extra("openai", _RESERVED)}
