"""The user's tools for apps, picture messages, and what the carrier asks to be paid."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from writ_async.core.state import State
from writ_async.core.tool import ToolError, read, write
from writ_domains.telecom.phone.handset import (
    App,
    Permissions,
    get_device,
    get_surroundings,
    set_device,
    set_surroundings,
)
from writ_domains.telecom.phone.radio import can_send_pictures
from writ_domains.telecom.phone.status_bar import with_bar


@read
def check_installed_apps(state: State) -> str:
    """List the apps on the phone."""
    return f"The following apps are installed on the phone: {', '.join(get_device(state).app_statuses)}"


@read
def check_app_status(state: State, app_name: str) -> str:
    """Look at an app: what it may do.

    Args:
        app_name: The name of the app as the list of apps has it, for instance 'messaging'.
    """
    app = _find(state, app_name)
    if app is None:
        return _not_found(app_name)
    granted = [f"   - {name}" for name in _granted(app)]
    head = " - Permissions Granted:" if granted else " - Permissions: None granted."
    return "\n".join([f"Status for App: {app_name}", head, *granted])


@read
def check_app_permissions(state: State, app_name: str) -> str:
    """Look at what an app may do, in one sentence.

    Args:
        app_name: The name of the app as the list of apps has it, for instance 'messaging'.
    """
    app = _find(state, app_name)
    if app is None:
        return _not_found(app_name)
    granted = ", ".join(_granted(app))
    return (
        f"App '{app_name}' has permission for: {granted}."
        if granted
        else f"App '{app_name}' currently has no permissions granted."
    )


@write
def grant_app_permission(state: State, app_name: str, permission: str) -> str:
    """Allow an app something.

    Args:
        app_name: The name of the app as the list of apps has it, for instance 'messaging'.
        permission: What the app is to be allowed: 'sms', 'storage', 'phone' or 'network'.
    """
    if not isinstance(permission, str):
        raise ToolError("a permission has to be a text")
    app, permission = _find(state, app_name), permission.lower()
    known = list(Permissions.__struct_fields__)
    if app is None:
        return with_bar(state, f"Error. App '{app_name}' not found. Cannot grant permission.")
    if permission not in known:
        told = f"Permission '{permission}' not tracked for app '{app_name}', available permissions: {known}"
        return with_bar(state, f"Error. {told}")
    allow(state, app_name, permission, allowed=True)
    return with_bar(state, f"Success. Permission '{permission}' granted to app '{app_name}'.")


@read
def can_send_mms(state: State) -> str:
    """Find out whether the messaging app can send a picture."""
    able = can_send_pictures(get_device(state), get_surroundings(state))
    return f"Your messaging app {'can' if able else 'cannot'} send MMS messages."


@read
def check_payment_request(state: State) -> str:
    """Look at whether the carrier has asked for a payment, for which bill and how much."""
    request = get_surroundings(state).payment_request
    if request is None:
        return "No payment request has been made."
    return f"You have a payment request for bill {request.bill_id} of {request.amount_due} USD."


@write
def make_payment(state: State) -> str:
    """Pay the bill that the carrier has asked for."""
    request = get_surroundings(state).payment_request
    if request is None:
        return "You do not have a payment request."
    set_surroundings(state, payment_request=msgspec.structs.replace(request, paid=True))
    return f"Payment of {request.amount_due} USD has been made for bill {request.bill_id}."


def allow(state: State, app_name: str, permission: str, *, allowed: bool) -> None:
    """Write what an installed app may do."""
    apps = get_device(state).app_statuses
    app = apps[app_name]
    permissions = msgspec.structs.replace(app.permissions, **{permission: allowed})
    set_device(state, app_statuses={**apps, app_name: msgspec.structs.replace(app, permissions=permissions)})


def _find(state: State, app_name: str) -> App | None:
    try:
        return get_device(state).app_statuses.get(app_name)
    except TypeError:
        raise ToolError("the name of an app has to be a text") from None


def _granted(app: App) -> Iterator[str]:
    return (name for name in Permissions.__struct_fields__ if getattr(app.permissions, name))


def _not_found(app_name: str) -> str:
    return f"App '{app_name}' not found on this phone."
