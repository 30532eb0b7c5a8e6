"""The retail domain: a shop whose agent cancels, changes, returns and exchanges orders."""

from __future__ import annotations

from importlib.resources import files

from domains.common.tools import calculate, transfer_to_human_agents
from domains.retail import orders, tools
from domains.retail.generate import generate
from domains.retail.policy_check import policy_check
from domains.retail.recipes import RECIPES
from domains.retail.schema import NAME, dump, load
from writ_async.domain import Domain, make_tools

TOOLS = make_tools(
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

DOMAIN = Domain(
    name=NAME,
    policy=files(__name__).joinpath("policy.md").read_text(encoding="utf-8"),
    tools=TOOLS,
    generate=generate,
    load=load,
    dump=dump,
    recipes=RECIPES,
    policy_check=policy_check,
)
