"""What a customer's complaint calls for: the shortest fix by the manual, decided from what can be looked at.

The causes of a complaint are looked at from the ground up, as the manual has it: service, then data, then picture
messages. What a fix does to the phone is in no cell, so all of it follows from how things are before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from writ_async.core.goal import Ambiguous, Decision, Key, NothingFits, Objective, Reader
from writ_async.core.task import Action
from writ_domains.kit.phrasing import figure
from writ_domains.telecom.goals.fetch import AccessPoint, Bar, Network, Usage, Vpn
from writ_domains.telecom.policy import MOST_REFUELLED
from writ_domains.telecom.schema import TODAY, Bill, Customer, Line, Plan

Params = Mapping[str, Any]

SERVICE: Final = "service"
DATA: Final = "data"
PICTURES: Final = "pictures"
COMPLAINTS: Final = (SERVICE, DATA, PICTURES)
"""What a customer may complain of: no service, mobile data that fails or is slow, picture messages that fail."""
BEST_MODE: Final = "4g_5g_preferred"
OLD_MODES: Final = ("2g_only", "3g_only")
MESSAGING: Final = "messaging"
NEEDED: Final = ("storage", "sms")
"""What the messaging app has to be allowed for picture messages."""


class NeedsPerson(Exception):
    """Only a person can help; the text says why."""


def by_user(name: str, **arguments: Any) -> Action:
    """A call that the user makes."""
    return Action(name, arguments, "user")


class Diagnosis:
    """One look at a customer's line and phone: `writes` are what is due of what was looked at so far, in order.

    `told` are prices that the customer wants to hear.
    """

    def __init__(self, reader: Reader, params: Params) -> None:
        self.writes: list[Action] = []
        self.told: list[str] = []
        self._reader = reader
        self._params = params
        self._line: tuple[Key, Line] | None = None

    @property
    def customer(self) -> Customer:
        """Who asks."""
        return self._find_customer()[1]

    @property
    def line(self) -> Line:
        """The line that is asked about."""
        return self._find_line()[1]

    def look(self) -> None:
        """Go through all that the complaints can come of. Raises `NeedsPerson`, `NothingFits` and `Ambiguous`."""
        complaints = self._params["complaints"]
        restart = self._look_at_service(PICTURES in complaints)
        if restart:
            self.writes.append(by_user("reboot_device"))
        if DATA in complaints or PICTURES in complaints:
            self._look_at_data()
        if DATA in complaints:
            self._look_at_speed()
        if PICTURES in complaints:
            self._look_at_pictures(mode_known=DATA in complaints)

    def _look_at_service(self, pictures: bool) -> bool:
        """What keeps the phone from a network; whether it has to be restarted in the end."""
        bar: Bar = self._reader.read(("check_status_bar",))
        without = bar.airplane or bar.signal == "none"
        restart = False
        if bar.airplane:
            self.writes.append(by_user("toggle_airplane_mode"))
        if without:
            sim = self._reader.read(("check_sim_status",))
            if sim == "missing":
                self.writes.append(by_user("reseat_sim_card"))
            elif sim != "active":
                raise NeedsPerson("the SIM card is locked")
        if without or pictures:
            point: AccessPoint = self._reader.read(("check_apn_settings",))
            if (without and point.name == "broken") or (pictures and not point.pictures):
                self.writes.append(by_user("reset_apn_settings"))
                restart = True
        return (without and self._look_at_suspension()) or restart

    def _look_at_suspension(self) -> bool:
        _, line = self._find_line()
        if line.status == "Active":
            return False
        if line.status != "Suspended":
            raise NeedsPerson(f"the line is {line.status}")
        if line.contract_end_date is not None and line.contract_end_date < TODAY:
            raise NeedsPerson("the contract of the line has ended")
        key, customer = self._find_customer()
        bills: list[Bill] = self._reader.read(("get_bills_for_customer", customer.customer_id), key)
        self.writes += [by_user("make_payment") for bill in bills if bill.status == "Awaiting Payment"]
        for bill in sorted((bill for bill in bills if bill.status == "Overdue"), key=lambda bill: bill.bill_id):
            arguments = {"customer_id": customer.customer_id, "bill_id": bill.bill_id}
            self.writes += [Action("send_payment_request", arguments), by_user("make_payment")]
        self._write_to_line("resume_line")
        return True

    def _look_at_data(self) -> None:
        """What keeps data from flowing where there is a network."""
        network: Network = self._reader.read(("check_network_status",))
        if not network.data:
            self.writes.append(by_user("toggle_data"))
        key, line = self._find_line()
        if self._params["abroad"]:
            if not network.roaming:
                self.writes.append(by_user("toggle_roaming"))
            if not line.roaming_enabled:
                self._write_to_line("enable_roaming")
        _, customer = self._find_customer()
        usage: Usage = self._reader.read(("get_data_usage", customer.customer_id, line.line_id), key)
        if usage.used >= usage.limit + usage.added:
            amount = self._params["gigabytes"]
            if usage.added + amount > MOST_REFUELLED or usage.used >= usage.limit + usage.added + amount:
                raise NeedsPerson("the data that may be added does not do")
            plan: Plan = self._reader.read(("get_details_by_id", line.plan_id), key)
            self.told.append(figure(plan.data_refueling_price_per_gb * amount))
            self._write_to_line("refuel_data", gb_amount=amount)

    def _look_at_speed(self) -> None:
        """What makes data slow."""
        if self._reader.read(("check_data_restriction_status",)):
            self.writes.append(by_user("toggle_data_saver_mode"))
        self._look_at_mode((*OLD_MODES, "4g_only"))
        vpn: Vpn = self._reader.read(("check_vpn_status",))
        if vpn.poor:
            self.writes.append(by_user("disconnect_vpn"))

    def _look_at_mode(self, old: tuple[str, ...]) -> None:
        if self._reader.read(("check_network_mode_preference",)) in old:
            self.writes.append(by_user("set_network_mode_preference", mode=BEST_MODE))

    def _look_at_pictures(self, *, mode_known: bool) -> None:
        """What keeps pictures from being sent where data flows."""
        if not mode_known:
            self._look_at_mode(OLD_MODES[:1])
        if self._reader.read(("check_wifi_calling_status",)):
            self.writes.append(by_user("toggle_wifi_calling"))
        apps: Key = ("check_installed_apps",)
        if MESSAGING not in self._reader.read(apps):
            raise NeedsPerson("there is no messaging app")
        allowed = self._reader.read(("check_app_permissions", MESSAGING), apps)
        for permission in NEEDED:
            if not getattr(allowed, permission):
                self.writes.append(by_user("grant_app_permission", app_name=MESSAGING, permission=permission))

    def _find_customer(self) -> tuple[Key, Customer]:
        who = self._params["who"]
        if "full_name" in who:
            key: Key = ("get_customer_by_name", who["full_name"], who["date_of_birth"])
            found = self._reader.read(key)
            if len(found) != 1:
                raise Ambiguous("the name and the date of birth are not those of one customer")
            return key, found[0]
        key = ("get_customer_by_phone", who["phone_number"])
        return key, self._reader.read(key)

    def _find_line(self) -> tuple[Key, Line]:
        """The line with the number that the customer names."""
        if self._line is None:
            key, customer = self._find_customer()
            keys: list[Key] = [("get_details_by_id", line_id) for line_id in customer.line_ids]
            number = self._params["number"]
            line = self._reader.only(keys, lambda one: one.phone_number == number, key)
            self._line = ("get_details_by_id", line.line_id), line
        return self._line

    def _write_to_line(self, name: str, **arguments: Any) -> None:
        _, customer = self._find_customer()
        line_id = self._find_line()[1].line_id
        self.writes.append(Action(name, {"customer_id": customer.customer_id, "line_id": line_id, **arguments}))


def mend(reader: Reader, params: Params) -> Decision:
    """What mends all that a customer complains of; a hand-over where only a person can.

    With `whole` in params, the customer wants to know all that is wrong before anything is changed: then every change
    rests on all that is looked at.
    """
    found = Diagnosis(reader, params)
    try:
        assert found.customer
        found.look()
    except NeedsPerson as exc:
        return Decision(writes=(), refused=str(exc), handed_over=True)
    if not found.writes:
        raise NothingFits("nothing is wrong that the manual knows of")
    return Decision(writes=tuple(found.writes), told=tuple(found.told), several=not params.get("whole", False))


OBJECTIVES: Final[Mapping[str, Objective]] = {"mend": mend}
"""By name."""
