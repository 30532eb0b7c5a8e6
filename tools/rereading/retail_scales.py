"""What everybody knows of things: which version is bigger, and what belongs in a kitchen or on a camping trip."""

from __future__ import annotations

import re

from tools.rereading.words import NotUnderstood, Unsound

_SCALES = (
    ("XS", "S", "M", "L", "XL", "XXL"),
    ("small", "medium", "large", "extra large"),
    ("A6", "A5", "A4", "A3", "A2"),
    ("twin", "full", "queen", "king"),
    ("standard", "queen", "king"),
    ("soft", "medium", "firm"),
    ("soft", "medium", "hard"),
    ("soft", "medium", "stiff"),
    ("light", "medium", "heavy"),
    ("single", "dual"),
    ("1080p", "2K", "4K"),
    ("no", "three", "four"),
)
"""Values that have an order without being plain numbers, from the least to the most."""

CATEGORIES = {
    "kitchen": (
        "air fryer, blender, bread maker, cast iron skillet, cutlery set, cutting board, dutch oven, ice cream maker,"
        " kitchen scale, knife block, rice cooker",
        "camping stove",
    ),
    "camping": ("beach tent, camping stove, sleeping bag", "hammock, picnic blanket, trekking poles, inflatable kayak"),
    "clothes": ("rain jacket, wool sweater", ""),
}
"""By category what belongs to it for sure, and what some would count and others would not."""


def rank(value: str, values: set[str]) -> float:
    """Where a value stands among those of an option. Raises `NotUnderstood` where they have no order."""
    if value in ("no", "none") and all(re.match(r"\d", one) for one in values - {value}):
        return 0.0
    numbers = {one: re.match(r"(\d+(?:\.\d+)?)(x(\d+))?", one) for one in values}
    if all(numbers.values()):
        found = numbers[value]
        assert found is not None
        return float(found[1]) * float(found[3] or 1)
    for scale in _SCALES:
        if values <= set(scale):
            return float(scale.index(value))
    raise NotUnderstood(f"which of {sorted(values)} is more")


def belongs(name: str, category: str) -> bool:
    """Whether a product belongs to a category. Raises `Unsound` where people would differ."""
    surely, perhaps = (text.split(", ") for text in CATEGORIES[category])
    if name in perhaps:
        raise Unsound(f"whether a {name} belongs to {category} is open")
    return name in surely
