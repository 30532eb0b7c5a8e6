"""What τ²-bench was seen to send, and a kit made of it, as `writ tau2-kit` makes one of a checkout."""

import json
from pathlib import Path
from typing import Any

from writ_domains.tau2.prompts import read_template

from tests.support.shared_data import SHARED, TAU2_DATA

DOMAINS = ("retail", "airline")
"""Those of which tasks of our own are drawn."""
ALL_DOMAINS = (*DOMAINS, "telecom")


def recorded(domain: str) -> dict[str, Any]:
    """The recorded system prompts and tool schemas of a domain."""
    assert SHARED is not None
    found: dict[str, Any] = json.loads((SHARED / "tau2" / "prompts" / f"{domain}.json").read_bytes())
    return found


def write_kit(path: Path) -> Path:
    """A kit of the recorded texts."""
    assert TAU2_DATA is not None
    policy = (TAU2_DATA / "tau2/domains/retail/policy.md").read_text()
    kit = {
        "kit": "tau2",
        "version": "1.0.1",
        "agent_prompt": recorded("retail")["agent_system"].replace(policy, "{policy}"),
        "user_prompt": read_template("user", TAU2_DATA),
        "user_prompt_with_tools": read_template("user", TAU2_DATA, with_tools=True),
        "tools": {
            name: {"tools": recorded(name)["agent_tools"], "user_tools": recorded(name)["user_tools"]}
            for name in ALL_DOMAINS
        },
    }
    path.write_text(json.dumps(kit, indent=1))
    return path
