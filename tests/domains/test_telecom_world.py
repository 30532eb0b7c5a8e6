"""Generated carriers: their records fit each other, the phone is whole, and a size and seed give one world."""

from __future__ import annotations

import msgspec
import pytest
from writ_domains.telecom.phone.handset import get_device, get_surroundings
from writ_domains.telecom.phone.radio import can_send_pictures, measure_speed, search_network
from writ_domains.telecom.schema import TODAY, dump, load
from writ_domains.telecom.world import generate

from writ_async.core.state import State, World
from writ_async.errors import InputError

WORLDS = [generate(seed, size) for seed, size in ((1, 1), (2, 40), (3, 400))]


@pytest.fixture(params=WORLDS, ids=lambda world: str(len(world.tables["customers"])))
def world(request: pytest.FixtureRequest) -> World:
    found: World = request.param
    return found


def test_the_same_seed_and_size_give_the_same_carrier_and_others_another() -> None:
    assert generate(2, 40).digest() == WORLDS[1].digest()
    assert len({generate(seed, 40).digest() for seed in range(5)}) == 5
    with pytest.raises(InputError, match="at least 1 user"):
        generate(1, 0)


def test_every_id_leads_to_its_record_and_every_record_has_one_owner(world: World) -> None:
    tables = world.tables
    lines = [line for customer in tables["customers"].values() for line in customer.line_ids]
    bills = [bill for customer in tables["customers"].values() for bill in customer.bill_ids]
    assert sorted(lines) == sorted(tables["lines"])
    assert sorted(bills) == sorted(tables["bills"])
    assert sorted(line.device_id for line in tables["lines"].values()) == sorted(tables["devices"])
    assert {line.plan_id for line in tables["lines"].values()} <= tables["plans"].keys()
    assert len({line.phone_number for line in tables["lines"].values()}) == len(tables["lines"])
    for customer_id, customer in tables["customers"].items():
        assert all(tables["bills"][bill].customer_id == customer_id for bill in customer.bill_ids)


def test_bills_add_up_to_the_cent(world: World) -> None:
    for bill in world.tables["bills"].values():
        assert bill.total_due == round(sum((item.amount for item in bill.line_items), 0.0), 2)


def test_a_line_is_suspended_for_a_reason_that_can_be_read_or_at_its_owners_wish() -> None:
    seen = set()
    for customer in WORLDS[2].tables["customers"].values():
        owes = any(WORLDS[2].tables["bills"][bill].status == "Overdue" for bill in customer.bill_ids)
        for line_id in customer.line_ids:
            line = WORLDS[2].tables["lines"][line_id]
            assert (line.suspension_start_date is not None) == (line.status == "Suspended")
            if line.status == "Suspended":
                seen.add((owes, line.contract_end_date < TODAY))
            if line.status == "Active":
                assert line.contract_end_date > TODAY
    assert seen == {(owes, ended) for owes in (True, False) for ended in (True, False)}


def test_some_lines_are_out_of_data_and_most_are_not() -> None:
    tables = WORLDS[2].tables
    active = [line for line in tables["lines"].values() if line.status == "Active"]
    out = [line for line in active if line.data_used_gb >= tables["plans"][line.plan_id].data_limit_gb]
    assert 0.04 < len(out) / len(active) < 0.2


def test_the_phone_is_whole_and_looking_for_a_network_finds_the_one_that_it_is_in(world: World) -> None:
    state = State(world)
    assert measure_speed(get_device(state), get_surroundings(state)) == (275.0, "Excellent")
    assert can_send_pictures(get_device(state), get_surroundings(state))
    search_network(state)
    assert state.digest() == world.digest()


def test_a_carrier_is_read_back_from_its_dump(world: World) -> None:
    assert load(msgspec.json.encode(dump(State(world)))).digest() == world.digest()


def test_two_records_of_one_id_and_times_that_are_none_are_refused() -> None:
    plan = {"plan_id": "P1", "name": "A", "data_limit_gb": 1, "price_per_month": 1, "data_refueling_price_per_gb": 1}
    with pytest.raises(msgspec.ValidationError, match=r"two records have the id 'P1' - at `\$\.plans`"):
        load(msgspec.json.encode({"plans": [plan, plan]}))
    device = {"device_id": "D1", "device_type": "phone", "model": "M", "activation_date": "2025-13-01T10:00:00"}
    with pytest.raises(msgspec.ValidationError, match="is no date and time"):
        load(msgspec.json.encode({"devices": [device]}))
