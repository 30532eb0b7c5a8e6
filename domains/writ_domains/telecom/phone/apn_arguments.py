"""APN settings as a model writes them.

τ²-bench reads them leniently, as pydantic does (https://docs.pydantic.dev/latest/concepts/conversion_table/): a port
may be a number in text, a flag may be a word. What is taken there is taken here, with the same values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from writ_async.core.tool import ToolError
from writ_domains.telecom.phone.handset import ApnSettings

_TRUE: Final = frozenset({"1", "on", "t", "true", "y", "yes"})
_FALSE: Final = frozenset({"0", "off", "f", "false", "n", "no"})
_WHOLE: Final = re.compile(r"[-+]?\d+(_\d+)*(\.0*)?")


def read_apn_settings(given: Mapping[str, Any]) -> ApnSettings:
    """The settings that an object of JSON stands for. Raises `ToolError` where it is none."""
    values = dict(given)
    if "reset_at_reboot" in values:
        values["reset_at_reboot"] = _flag(values["reset_at_reboot"])
    if values.get("mms_port") is not None:
        values["mms_port"] = _port(values["mms_port"])
    try:
        return msgspec.convert(values, ApnSettings)
    except msgspec.ValidationError as exc:
        raise ToolError(f"these are no APN settings: {exc}") from None


def _flag(value: Any) -> Any:
    """A flag as a truth value; what is none is left as it is."""
    if isinstance(value, str):
        word = value.lower()
        return True if word in _TRUE else False if word in _FALSE else value
    return bool(value) if isinstance(value, int | float) and value in (0, 1) else value


def _port(value: Any) -> Any:
    """A port as a whole number; what is none is left as it is."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value.strip().split(".")[0])
    return value
