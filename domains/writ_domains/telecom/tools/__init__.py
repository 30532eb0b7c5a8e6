"""The tools of both seats, in the order in which a model is shown them."""

from __future__ import annotations

from typing import Final

from writ_async.core.tool import make_tools
from writ_domains.kit.tools import transfer_to_human_agents
from writ_domains.telecom.tools import lines, payments, phone_apps, phone_data, phone_network, reads

TOOLS: Final = make_tools(
    (
        reads.get_customer_by_phone,
        reads.get_customer_by_id,
        reads.get_customer_by_name,
        reads.get_details_by_id,
        lines.suspend_line,
        lines.resume_line,
        reads.get_bills_for_customer,
        payments.send_payment_request,
        reads.get_data_usage,
        lines.enable_roaming,
        lines.disable_roaming,
        transfer_to_human_agents,
        lines.refuel_data,
    )
)
"""The agent's tools by name: they act on the network's records."""

USER_TOOLS: Final = make_tools(
    (
        phone_network.check_status_bar,
        phone_network.check_network_status,
        phone_network.check_network_mode_preference,
        phone_network.set_network_mode_preference,
        phone_data.run_speed_test,
        phone_network.toggle_airplane_mode,
        phone_network.check_sim_status,
        phone_network.reseat_sim_card,
        phone_data.toggle_data,
        phone_network.toggle_roaming,
        phone_data.check_data_restriction_status,
        phone_data.toggle_data_saver_mode,
        phone_network.check_apn_settings,
        phone_network.set_apn_settings,
        phone_network.reset_apn_settings,
        phone_data.check_wifi_status,
        phone_data.toggle_wifi,
        phone_data.check_wifi_calling_status,
        phone_data.toggle_wifi_calling,
        phone_data.check_vpn_status,
        phone_data.connect_vpn,
        phone_data.disconnect_vpn,
        phone_apps.check_installed_apps,
        phone_apps.check_app_status,
        phone_apps.check_app_permissions,
        phone_apps.grant_app_permission,
        phone_apps.can_send_mms,
        phone_network.reboot_device,
        phone_apps.check_payment_request,
        phone_apps.make_payment,
    )
)
"""The user's tools by name: they act on the phone in the user's hand."""
