"""The tools of the shop, in the order in which a model is shown them."""

from __future__ import annotations

from typing import Final

from writ_async.core.tool import make_tools
from writ_domains.kit.tools import calculate, transfer_to_human_agents
from writ_domains.retail.tools import orders, profiles, reads

TOOLS: Final = make_tools(
    (
        calculate,
        orders.cancel_pending_order,
        orders.exchange_delivered_order_items,
        reads.find_user_id_by_name_zip,
        reads.find_user_id_by_email,
        reads.get_order_details,
        reads.get_product_details,
        reads.get_item_details,
        reads.get_user_details,
        reads.list_all_product_types,
        orders.modify_pending_order_address,
        orders.modify_pending_order_items,
        orders.modify_pending_order_payment,
        profiles.modify_user_address,
        orders.return_delivered_order_items,
        transfer_to_human_agents,
    )
)
"""All tools by name."""
