"""What generated shops sell: types of products, a usual price, and the options in which their variants differ."""

from __future__ import annotations

from typing import Final

import msgspec


class ProductType(msgspec.Struct, frozen=True):
    """A type of product. `price` is that of a plain variant in dollars; `axes` are its options with their values."""

    name: str
    price: int
    axes: dict[str, tuple[str, ...]]


def _type(name: str, price: int, **axes: str) -> ProductType:
    """Axes as keywords: `_` in a key stands for a space, `|` separates values."""
    return ProductType(name, price, {key.replace("_", " "): tuple(text.split("|")) for key, text in axes.items()})


CATEGORIES: Final[dict[str, frozenset[str]]] = {
    "kitchen": frozenset(
        {"Air Fryer", "Blender", "Bread Maker", "Cast Iron Skillet", "Cutlery Set", "Cutting Board", "Dutch Oven"}
        | {"Ice Cream Maker", "Kitchen Scale", "Knife Block", "Rice Cooker"}
    ),
    "camping": frozenset({"Beach Tent", "Camping Stove", "Sleeping Bag"}),
    "clothes": frozenset({"Rain Jacket", "Wool Sweater"}),
}
"""Products that anybody would say belong together."""
DEBATABLE: Final[dict[str, frozenset[str]]] = {
    "kitchen": frozenset({"Camping Stove"}),
    "camping": frozenset({"Hammock", "Inflatable Kayak", "Picnic Blanket", "Trekking Poles"}),
    "clothes": frozenset(),
}
"""Products that some would count among a category, and others not; no further one comes into question there."""

CATALOGUE: Final = (
    _type("Air Fryer", 140, capacity="3 quarts|5 quarts|7 quarts", color="black|cream|steel", control="dial|touch"),
    _type("Aquarium", 180, volume="10 gallons|20 gallons|40 gallons", shape="cube|bowfront|rectangular",
          lid="glass|mesh"),
    _type("Archery Bow", 210, draw_weight="20 lbs|30 lbs|40 lbs", hand="left|right",
          material="bamboo|fiberglass|carbon"),
    _type("Baby Monitor", 120, screen="3-inch|5-inch|none", range="500 feet|1000 feet", color="white|mint"),
    _type("Bath Towel Set", 60, pieces="4|6|8", color="white|navy|sage|coral", weave="waffle|terry|jacquard"),
    _type("Beach Tent", 85, capacity="2 people|4 people|6 people", color="turquoise|orange|sand", floor="open|closed"),
    _type("Blender", 95, power="600 watts|900 watts|1200 watts", jar="glass|plastic|steel", color="red|black|silver"),
    _type("Board Game", 45, theme="trains|farming|pirates|space", players="2-4|3-6", edition="standard|deluxe"),
    _type("Bread Maker", 130, loaf="1 pound|1.5 pounds|2 pounds", color="white|graphite", programs="12|19|25"),
    _type("Camping Stove", 75, burners="1|2|3", fuel="propane|butane|alcohol", color="green|grey"),
    _type("Car Seat Cover", 55, material="neoprene|leatherette|mesh", color="black|tan|grey",
          seats="front|rear|full set"),
    _type("Cast Iron Skillet", 50, diameter="8 inches|10 inches|12 inches", finish="raw|enameled", lid="yes|no"),
    _type("Ceiling Fan", 190, span="42 inches|52 inches|60 inches", blades="3|5", finish="walnut|nickel|white"),
    _type("Chess Set", 65, material="wood|marble|resin", board="folding|flat|magnetic", size="small|tournament"),
    _type("Cutlery Set", 80, pieces="16|24|48", finish="brushed|polished|gold", handle="slim|classic"),
    _type("Cutting Board", 35, wood="maple|acacia|bamboo", size="small|medium|large", groove="yes|no"),
    _type("Desk Organizer", 30, material="metal|cork|acrylic", tiers="1|2|3", color="black|white|rose"),
    _type("Document Scanner", 230, speed="20 ppm|30 ppm|45 ppm", feed="sheet|flatbed", connection="USB-C|wireless"),
    _type("Down Pillow", 70, size="standard|queen|king", firmness="soft|medium|firm", fill="goose|duck|blend"),
    _type("Drum Pad", 110, diameter="8 inches|10 inches|12 inches", surface="rubber|silicone", stand="yes|no"),
    _type("Dutch Oven", 125, capacity="4 quarts|5.5 quarts|7 quarts", color="cobalt|cherry|olive|white",
          shape="round|oval"),
    _type("Fishing Rod", 90, length="6 feet|7 feet|8 feet", action="light|medium|heavy", reel="spinning|casting"),
    _type("Floor Lamp", 115, height="55 inches|62 inches|70 inches", shade="linen|paper|metal", switch="foot|remote"),
    _type("Foam Roller", 28, length="12 inches|18 inches|36 inches", density="soft|medium|hard",
          color="blue|lime|black"),
    _type("Gaming Headset", 100, connection="wired|2.4 GHz|Bluetooth", color="white|violet|black",
          microphone="fixed|detachable"),
    _type("Guitar Case", 105, type="soft|hard|hybrid", fits="acoustic|electric|bass", color="black|brown"),
    _type("Hair Dryer", 65, power="1600 watts|1875 watts|2200 watts", color="pink|teal|black",
          attachment="diffuser|nozzle"),
    _type("Hammock", 58, material="cotton|nylon|polyester", capacity="1 person|2 people",
          color="stripes|forest|sunset"),
    _type("Humidifier", 72, tank="2 liters|4 liters|6 liters", mist="cool|warm|dual", color="white|blue"),
    _type("Ice Cream Maker", 150, capacity="1 quart|1.5 quarts|2 quarts", cooling="bowl|compressor",
          color="mint|white|steel"),
    _type("Inflatable Kayak", 320, seats="1|2|3", color="yellow|red|green", pump="hand|foot|electric"),
    _type("Kitchen Scale", 32, limit="5 kg|10 kg|15 kg", surface="glass|steel|bamboo", units="metric|dual"),
    _type("Knife Block", 160, slots="6|9|14", wood="walnut|ash|beech", style="upright|magnetic"),
    _type("Laundry Basket", 38, material="wicker|canvas|plastic", volume="40 liters|60 liters|80 liters",
          wheels="yes|no"),
    _type("Massage Gun", 135, heads="4|6|8", speeds="5|20|30", color="black|gold|blue"),
    _type("Mountain Sled", 88, length="35 inches|48 inches|60 inches", material="wood|plastic|foam", brake="yes|no"),
    _type("Music Stand", 42, material="steel|aluminum|wood", height="adjustable|fixed", bag="yes|no"),
    _type("Parasol Base", 66, weight="30 lbs|50 lbs|75 lbs", material="concrete|resin|iron", shape="round|square"),
    _type("Photo Printer", 145, format="4x6|5x7|A4", connection="wireless|USB", color="white|black|lilac"),
    _type("Picnic Blanket", 40, size="small|medium|large", pattern="plaid|floral|plain", backing="waterproof|fleece"),
    _type("Picture Frame", 25, size="5x7|8x10|11x14|16x20", material="oak|metal|plastic", color="natural|black|white"),
    _type("Pottery Wheel", 280, speed="200 rpm|250 rpm|300 rpm", head="9 inches|11 inches", pedal="yes|no"),
    _type("Rain Jacket", 98, size="S|M|L|XL", color="yellow|navy|olive", lining="mesh|fleece|none"),
    _type("Record Player", 175, drive="belt|direct", finish="walnut|white|black", speakers="built-in|none"),
    _type("Rice Cooker", 78, capacity="3 cups|6 cups|10 cups", heating="induction|standard", color="white|red|steel"),
    _type("Robot Mower", 690, area="500 m2|1000 m2|2000 m2", guidance="wire|camera|satellite", color="green|graphite"),
    _type("Sewing Machine", 240, stitches="30|100|200", control="mechanical|computerized", color="white|lavender|mint"),
    _type("Shower Head", 48, type="handheld|fixed|combo", finish="chrome|bronze|black", settings="3|5|8"),
    _type("Sketchbook", 22, size="A3|A4|A5", paper="toned|white|black", binding="spiral|sewn", sheets="60|100"),
    _type("Sleeping Bag", 112, rating="20 F|35 F|50 F", shape="mummy|rectangular", color="red|teal|grey",
          size="regular|long"),
    _type("Snowboard", 360, length="148 cm|154 cm|160 cm", flex="soft|medium|stiff", profile="camber|rocker|flat"),
    _type("Standing Desk", 430, width="48 inches|55 inches|63 inches", top="oak|white|black", motor="single|dual"),
    _type("Stroller", 310, seats="1|2", color="charcoal|sand|plum", wheels="three|four", canopy="standard|extended"),
    _type("Telescope", 390, aperture="70 mm|90 mm|130 mm", mount="equatorial|altazimuth", finder="red dot|optical"),
    _type("Tool Chest", 220, drawers="5|7|9", color="red|black|blue", wheels="yes|no"),
    _type("Trekking Poles", 68, material="aluminum|carbon", lock="twist|lever", grip="cork|foam|rubber"),
    _type("Video Doorbell", 155, resolution="1080p|2K|4K", power="battery|wired", color="silver|bronze|black"),
    _type("Weighted Blanket", 92, weight="10 lbs|15 lbs|20 lbs", fabric="cotton|minky|linen", color="grey|navy|rust"),
    _type("Wool Sweater", 84, size="S|M|L|XL", color="charcoal|oatmeal|burgundy|moss", neck="crew|turtle|zip"),
    _type("Yoga Block Set", 26, material="cork|foam|wood", pieces="2|4", color="natural|plum|slate"),
)  # fmt: skip
