"""What the cells of the shop show, as values to compare: a user's id, or a record."""

from __future__ import annotations

from typing import Final

from writ_domains.kit.goals import fetch_with_tools
from writ_domains.retail.tools import TOOLS

FETCH: Final = fetch_with_tools(
    TOOLS,
    "find_user_id_by_email",
    "find_user_id_by_name_zip",
    "get_user_details",
    "get_order_details",
    "get_product_details",
)
"""By the name of each read tool that an objective may read with."""
