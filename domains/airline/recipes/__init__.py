"""Recipes: ways to draw airline tasks whose gold calls are known to be right, executable, and unambiguous."""

from typing import Final

from domains.airline.recipes import (
    baggage,
    booking,
    cabins,
    cancelling,
    compensation,
    mixed,
    passengers,
    rebooking,
)
from writ_async.domain import Recipe

RECIPES: Final[tuple[Recipe, ...]] = (
    *booking.RECIPES,
    *rebooking.RECIPES,
    *cabins.RECIPES,
    *baggage.RECIPES,
    *passengers.RECIPES,
    *cancelling.RECIPES,
    *compensation.RECIPES,
    *mixed.RECIPES,
)
"""All recipes of the airline."""
