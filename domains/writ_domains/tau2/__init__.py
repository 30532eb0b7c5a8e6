"""τ²-bench: its databases, tasks, policies and tool schemas from its data folder, and its way to hash a database."""

from writ_domains.tau2.database import DatabaseText, plain_hashes
from writ_domains.tau2.load import BENCHMARK, Tau2, with_tool_schemas

__all__ = ["BENCHMARK", "DatabaseText", "Tau2", "plain_hashes", "with_tool_schemas"]
