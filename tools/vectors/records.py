"""The lines of a file of vectors."""

from __future__ import annotations

from typing import Any

import msgspec
from writ_domains.tau2.schema import MessageRecord

from writ_async import Termination
from writ_async.core.message import Requestor
from writ_async.core.task import EnvCall


class Call(msgspec.Struct, frozen=True):
    """One recorded call. A long content is given by its SHA-256, length and head."""

    name: str
    args: dict[str, Any]
    error: bool
    type: str | None = None
    requestor: Requestor = "assistant"
    content: str | None = None
    content_sha256: str = ""
    content_len: int = 0
    content_head: str = ""


class Header(msgspec.Struct, frozen=True, tag_field="kind", tag="header"):
    """The first line of a file."""

    domain: str
    db_hash: str | None = None
    db_canon_sha256: str | None = None
    tool_types: dict[str, str] | None = None
    user_db_hash: str | None = None
    user_db_canon_sha256: str | None = None
    user_tool_types: dict[str, str] | None = None
    policy_sha256: str | None = None


class HashPair(msgspec.Struct, frozen=True):
    """The hashes of both sides' databases."""

    db_hash: str
    user_db_hash: str | None = None


class Gold(msgspec.Struct, frozen=True, tag_field="kind", tag="gold"):
    """A task's gold actions, called one after another; the user's database where the user has tools.

    An assertion is a side, a function, its arguments, what it should say, and whether it did.
    """

    task_id: str
    calls: tuple[Call, ...]
    db_hash: str
    db_canon_sha256: str
    db_diff: dict[str, Any]
    evaluator_gold_db_hash: str
    user_db_hash: str | None = None
    user_db_canon_sha256: str | None = None
    user_db_diff: dict[str, Any] | None = None
    evaluator_gold_user_db_hash: str | None = None
    initialization_actions: tuple[EnvCall, ...] = ()
    after_init: HashPair | None = None
    env_assertions: tuple[tuple[Requestor, str, dict[str, Any], bool, bool], ...] = ()


class Fuzz(msgspec.Struct, frozen=True, tag_field="kind", tag="fuzz"):
    """Random calls, called one after another; the user's database where the user has tools."""

    episode: int
    calls: tuple[Call, ...]
    db_hash: str
    db_canon_sha256: str
    db_diff: dict[str, Any]
    user_db_hash: str | None = None
    user_db_canon_sha256: str | None = None
    user_db_diff: dict[str, Any] | None = None
    initialization_actions: tuple[EnvCall, ...] = ()


class DbCheck(msgspec.Struct, frozen=True):
    """Whether the database was right."""

    db_match: bool
    db_reward: float


class ActionRecord(msgspec.Struct, frozen=True):
    """Whether a gold action was called."""

    action_match: bool


class MetRecord(msgspec.Struct, frozen=True):
    """Whether something was said, or holds."""

    met: bool


class Info(msgspec.Struct, frozen=True):
    """Remarks of the evaluator."""

    note: str | None = None


class RewardRecord(msgspec.Struct, frozen=True):
    """What the evaluator answered."""

    reward: float
    reward_breakdown: dict[str, float] | None = None
    db_check: DbCheck | None = None
    action_checks: tuple[ActionRecord, ...] | None = None
    communicate_checks: tuple[MetRecord, ...] | None = None
    nl_assertions: tuple[MetRecord, ...] | None = None
    env_assertions: tuple[MetRecord, ...] | None = None
    info: Info | None = None


class Eval(msgspec.Struct, frozen=True, tag_field="kind", tag="eval"):
    """A finished conversation and its rewards, three times: by the basis, ignoring it, and by a judge that says no."""

    task_id: str
    variant: str
    termination_reason: Termination
    messages: tuple[MessageRecord, ...]
    final_db_hash: str
    reward_info_all: RewardRecord
    all_ignore_basis: RewardRecord
    final_user_db_hash: str | None = None
    all_nl_unmet: RewardRecord | None = None


decode = msgspec.json.Decoder(Header | Gold | Fuzz | Eval).decode
