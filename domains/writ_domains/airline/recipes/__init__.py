"""Recipes: ways to draw airline tasks whose gold calls are known to be right, executable, and unambiguous."""

from typing import Final

from writ_async.core.domain import Recipe
from writ_domains.airline.recipes import (
    baggage,
    booking,
    cabins,
    cancelling,
    compensation,
    mixed,
    passengers,
    rebooking,
)

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
