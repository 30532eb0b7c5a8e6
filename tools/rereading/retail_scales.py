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
        "air fryer, blender, bread box, bread maker, cast iron skillet, citrus juicer, coffee grinder, cutlery set,"
        " cutting board, dish rack, dutch oven, espresso tamper, food dehydrator, food processor, griddle plate,"
        " hand mixer, ice cream maker, kitchen scale, knife block, measuring cup set, meat thermometer, milk frother,"
        " mixing bowl set, muffin pan, paella pan, pasta machine, pepper mill, pizza stone, pressure cooker,"
        " rice cooker, roasting pan, salad spinner, saucepan set, spice rack, stand mixer, steak knife set,"
        " tea infuser, toaster oven, vacuum sealer, waffle iron, wok pan, yogurt maker",
        "camping stove, camping cookware set, cooking apron, cooler box, fondue set, insulated flask, lunch box,"
        " portable charcoal grill, serving tray, water filter pitcher, wine rack",
    ),
    "camping": (
        "backpacking tent, beach tent, camping chair, camping cookware set, camping cot, camping lantern,"
        " camping stove, sleeping bag, sleeping pad",
        "beach umbrella, cooler box, dry bag, field binoculars, fire pit, folding table, hammock, hiking backpack,"
        " inflatable kayak, insulated flask, life vest, picnic blanket, portable charcoal grill, rain boots,"
        " trail headlamp, trekking poles, water filter pitcher",
    ),
    "clothes": (
        "cable knit cardigan, cargo pants, denim jacket, fleece vest, linen shirt, polo shirt, rain jacket,"
        " running shorts, ski jacket, winter coat, wool sweater",
        "bath robe, cooking apron, leather belt, leather gloves, life vest, rain boots, silk pajamas, sun hat,"
        " wool scarf",
    ),
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
