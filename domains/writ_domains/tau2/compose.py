"""Telecom's tasks put together from their parts.

An id such as `[mms_issue]a|b[PERSONA:Easy]` names what the user complains of, the faults, and who the user is. A list
of tasks with one fault each has all of these once, and the benchmark makes its tasks with several out of them: faults
and fixes stand in the order of the id, and where one of them cannot be fixed, all that is right is to hand over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from writ_async.core.task import EnvAssertion, EnvCall
from writ_async.errors import InputError
from writ_domains.tau2.schema import Criteria, GoldAction, InitialState, Instructions, TaskRecord, UserScenario

_ID = re.compile(r"\[(\w+)\](.+)\[PERSONA:(\w+)\]")
_WHERE = "set_user_location"


class _Name(NamedTuple):
    complaint: str
    faults: tuple[str, ...]
    persona: str


def _named(task_id: str) -> _Name:
    """What an id says. Raises `InputError` for an id of another form."""
    found = _ID.fullmatch(task_id)
    if found is None:
        raise InputError(f"the task id {task_id!r} does not say which faults the task has")
    return _Name(found[1], tuple(found[2].split("|")), found[3])


class Composer:
    """Tasks of several faults out of those of one."""

    def __init__(self, records: Iterable[TaskRecord]) -> None:
        self._whole = {record.id: record for record in records}
        named = [(_named(task_id), record) for task_id, record in self._whole.items() if _ID.fullmatch(task_id)]
        self._singles = [(name, record) for name, record in named if len(name.faults) == 1]

    def task(self, task_id: str) -> TaskRecord:
        """A task by id: one that is there, or put together. Raises `InputError` where a part is missing."""
        if task_id in self._whole:
            return self._whole[task_id]
        name = _named(task_id)
        parts = [self._single(name.complaint, fault) for fault in name.faults]
        return TaskRecord(
            id=task_id,
            user_scenario=self._scenario(name, parts),
            initial_state=InitialState(initialization_actions=tuple(_setups(parts))),
            evaluation_criteria=self._criteria(name, parts),
        )

    def _single(self, complaint: str, fault: str) -> TaskRecord:
        """The task of one fault, of this complaint where there is one."""
        having = [(name.complaint != complaint, record) for name, record in self._singles if name.faults == (fault,)]
        if not having:
            raise InputError(f"no task of one fault has the fault {fault!r}, so tasks with it cannot be put together")
        return min(having, key=lambda pair: pair[0])[1]

    def _of(self, complaint: str) -> list[TaskRecord]:
        """All tasks of a complaint with one fault. Raises `InputError` where there is none."""
        found = [record for name, record in self._singles if name.complaint == complaint]
        if not found:
            raise InputError(f"no task of one fault is a {complaint!r}, so none with several can be put together")
        return found

    def _scenario(self, name: _Name, parts: Sequence[TaskRecord]) -> UserScenario:
        own = self._of(name.complaint)
        told = own[0].user_scenario.instructions
        personas = [record.user_scenario.persona for one, record in self._singles if one.persona == name.persona]
        if not personas or not isinstance(told, Instructions):
            raise InputError(f"no task of one fault has the persona {name.persona!r} or says why its user calls")
        place = _place(parts)
        known = next(
            (
                record.user_scenario.instructions.known_info
                for record in (*own, *(record for _, record in self._singles))
                if _place([record]) == place and isinstance(record.user_scenario.instructions, Instructions)
            ),
            told.known_info,
        )
        return UserScenario(msgspec.structs.replace(told, known_info=known), personas[0])

    def _criteria(self, name: _Name, parts: Sequence[TaskRecord]) -> Criteria:
        hopeless = next((one for one in map(_criteria_of, parts) if "ACTION" in one.reward_basis), None)
        if hopeless is not None:
            return hopeless
        fixable = [one for one in map(_criteria_of, self._of(name.complaint)) if "ACTION" not in one.reward_basis]
        held = _shared(fixable)
        extra = [assertion for record in parts for assertion in self._own_assertions(record)]
        actions: list[GoldAction] = [action for record in parts for action in _criteria_of(record).actions or ()]
        return msgspec.structs.replace(
            fixable[0], actions=tuple(actions), env_assertions=(*held, *(one for one in extra if one not in held))
        )

    def _own_assertions(self, record: TaskRecord) -> list[EnvAssertion]:
        """What has to hold after one fault, beyond what has to after any of its complaint."""
        shared = _shared(map(_criteria_of, self._of(_named(record.id).complaint)))
        return [one for one in _criteria_of(record).env_assertions or () if one not in shared]


def _criteria_of(record: TaskRecord) -> Criteria:
    return record.evaluation_criteria or Criteria()


def _shared(criteria: Iterable[Criteria]) -> list[EnvAssertion]:
    """What has to hold after all of the tasks that can be fixed."""
    lists = [one.env_assertions or () for one in criteria if "ACTION" not in one.reward_basis]
    return [one for one in lists[0] if all(one in others for others in lists)] if lists else []


def _setups(parts: Sequence[TaskRecord]) -> list[EnvCall]:
    """Who calls, once, and then what plants each fault."""
    found: list[EnvCall] = []
    for record in parts:
        first, *rest = _calls_of(record)
        found += [first, *rest] if not found else rest
    return found


def _calls_of(record: TaskRecord) -> tuple[EnvCall, ...]:
    state = record.initial_state
    return (state.initialization_actions or ()) if state is not None else ()


def _place(parts: Sequence[TaskRecord]) -> Mapping[str, object]:
    """Where the user is, as the faults put it; an empty mapping for at home."""
    return next((call.arguments for record in parts for call in _calls_of(record) if call.func_name == _WHERE), {})
