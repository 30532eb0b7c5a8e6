"""The tools of the shop, in the order in which a model is shown them."""

from __future__ import annotations

from typing import Final

from writ_async.core.domain import make_tools
from writ_domains.kit.tools import calculate, transfer_to_human_agents
from writ_domains.retail import orders, tools

TOOLS: Final = make_tools(
    (
        calculate,
        orders.cancel_pending_order,
        orders.exchange_delivered_order_items,
        tools.find_user_id_by_name_zip,
        tools.find_user_id_by_email,
        tools.get_order_details,
        tools.get_product_details,
        tools.get_item_details,
        tools.get_user_details,
        tools.list_all_product_types,
        tools.modify_pending_order_address,
        orders.modify_pending_order_items,
        orders.modify_pending_order_payment,
        tools.modify_user_address,
        orders.return_delivered_order_items,
        transfer_to_human_agents,
    )
)
"""All tools by name."""
