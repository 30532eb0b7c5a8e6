"""People for generated worlds: names, addresses, e-mail addresses and user ids, unique where a lookup needs it.

`draw_people` is the one call that a world generator makes; the pools are public for recipes that need one more name or
address.
"""

from __future__ import annotations

from random import Random
from typing import Final

import msgspec


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES: Final = _words(
    """Adaeze Adrian Agnes Aiko Alba Albert Alicia Alina Amara Amir Anders Andrea Anika Anton Arjun Arthur Astrid
    Aurora Beatriz Benedict Bianca Bjorn Bruno Calvin Camila Carmen Cecilia Cedric Celeste Chiara Claudia
    Clara Conrad Cyrus Dalia Damian Daphne Darius Deepak Delia Dimitri Dominic Edith Edmund Eleanor Elias Elif
    Eliza Emeka Emil Enzo Erik Esther Eva Fabian Farah Felix Fiona Florian Frida Gabriel Gemma Gideon Giulia
    Greta Gustav Hana Harriet Hassan Hector Helena Hugo Ida Ignacio Imani Ines Ingrid Irene Iris Isaac Ismael
    Ivana Jasper Javier Jelena Joanna Jonas Joseph Judith Julian Kaito Karim Katya Keiko Kenji Kiran Klara
    Lars Laila Leander Leonie Levi Lila Linnea Lorenzo Louisa Lucia Ludwig Lydia Magnus Maja Malik Manuela
    Marcel Margot Mariam Marius Marta Mateo Matilda Maxim Meera Mila Milan Miriam Mona Nadia Naomi Nico
    Nikolai Nina Noor Octavia Odette Oscar Otto Paloma Pascal Paula Petra Philippa Priya Quentin Rafael Ramona
    Ravi Rebecca Reza Rita Robin Roman Rosalind Ruben Ruth Sabine Salma Samir Sandra Santiago Saskia Selma
    Sergio Sienna Silas Simone Solveig Stella Sunil Svetlana Tamara Tariq Tatiana Teodora Theo Thora Tobias
    Ulrich Ursula Valerie Vera Victor Vikram Viola Walter Wanda Wesley Wilhelm Winona Xenia Yvonne Yasmin
    Yorick Yuki Zainab Zelda Zoran"""
)
LAST_NAMES: Final = _words(
    """Abbott Acosta Adeyemi Albrecht Alvarado Amari Andersson Aoki Arnold Ashworth Bailey Banerjee Barlow Bauer
    Becker Bellini Bergman Bianchi Blackwood Bosch Bradley Brennan Calder Campbell Cardoso Carver Castillo
    Chambers Chaudhry Clarke Coleman Conti Crawford Dalton Delgado Dietrich Doyle Drummond Duarte Eastwood
    Ekstrom Ellison Engel Espinoza Fairchild Farrell Ferrari Fischer Fleming Fonseca Foster Frost Fujita
    Gallagher Garrison Gentile Gibson Goldberg Grant Greco Haddad Hale Hansen Harper Hartmann Hayashi
    Henriksen Herrera Hoffman Holloway Horvath Hughes Ibarra Inoue Ivanov Jansen Jennings Jensen Kapoor Keller
    Kennedy Khalil Kimura Klein Koch Kowalski Kruger Lambert Larsen Laurent Lehmann Leone Lindgren Lombardi
    Lowe Lund Madsen Mahmood Mancini Marino Marsh Mathur Mayer Meyer Miranda Monroe Montoya Moreau Moretti
    Morgan Murakami Nair Navarro Neumann Newton Nilsson Novak Nowak Obi Odell Okafor Oliveira Olsen Orlov
    Osborne Pacheco Palmer Park Pavlov Pearson Pereira Petrov Pham Pires Popescu Prescott Quinn Ramsey Rana
    Rasmussen Reyes Ricci Rinaldi Rojas Romano Rosario Russo Sanders Sato Sauer Schmitt Schneider Serrano Shaw
    Sinclair Soares Sokolov Sorensen Stark Steiner Stone Suzuki Tanaka Tate Terzi Thorne Torres Tran Underwood
    Vance Varga Vega Vogel Wagner Walsh Weaver Weber Whitaker Winter Wolf Yamada Yates Yilmaz Zamora Zhou
    Ziegler"""
)
CITIES: Final[tuple[tuple[str, str, str], ...]] = (
    ("Albuquerque", "NM", "871"), ("Atlanta", "GA", "303"), ("Austin", "TX", "787"), ("Baltimore", "MD", "212"),
    ("Boise", "ID", "837"), ("Boston", "MA", "021"), ("Buffalo", "NY", "142"), ("Charlotte", "NC", "282"),
    ("Chicago", "IL", "606"), ("Cincinnati", "OH", "452"), ("Cleveland", "OH", "441"), ("Dallas", "TX", "752"),
    ("Denver", "CO", "802"), ("Detroit", "MI", "482"), ("El Paso", "TX", "799"), ("Hartford", "CT", "061"),
    ("Honolulu", "HI", "968"), ("Houston", "TX", "770"), ("Indianapolis", "IN", "462"), ("Kansas City", "MO", "641"),
    ("Las Vegas", "NV", "891"), ("Los Angeles", "CA", "900"), ("Louisville", "KY", "402"), ("Memphis", "TN", "381"),
    ("Miami", "FL", "331"), ("Milwaukee", "WI", "532"), ("Minneapolis", "MN", "554"), ("Nashville", "TN", "372"),
    ("New Orleans", "LA", "701"), ("New York", "NY", "100"), ("Oklahoma City", "OK", "731"), ("Omaha", "NE", "681"),
    ("Philadelphia", "PA", "191"), ("Phoenix", "AZ", "850"), ("Pittsburgh", "PA", "152"), ("Portland", "OR", "972"),
    ("Raleigh", "NC", "276"), ("Richmond", "VA", "232"), ("Sacramento", "CA", "958"), ("Salt Lake City", "UT", "841"),
    ("San Antonio", "TX", "782"), ("San Diego", "CA", "921"), ("San Francisco", "CA", "941"), ("San Jose", "CA", "951"),
    ("Seattle", "WA", "981"), ("Spokane", "WA", "992"), ("Tampa", "FL", "336"), ("Tucson", "AZ", "857"),
    ("Tulsa", "OK", "741"), ("Washington", "DC", "200"),
)  # fmt: skip
STREETS: Final = _words(
    """Acorn Alder Amber Ashford Bayview Beacon Birch Bluebell Bridge Brook Canal Canyon Cherry Clearwater Clover
    Copper Cottage Crescent Cypress Dogwood Eagle Elder Fairview Falcon Fern Forest Garden Glen Granite Grove
    Harbor Hazel Heron Hickory Highland Holly Ivy Juniper Kingfisher Larch Laurel Lavender Linden Lookout
    Magnolia Meadow Mill Mulberry Museum Orchard Orchid Pebble Pinecrest Poplar Prairie Primrose Quarry
    Redwood Ridge Rosewood Saddle Sandstone Sequoia Spring Station Summit Sycamore Tamarack Thistle Timber
    Valley Vine Walnut Waterfall Weaver Wisteria"""
)
STREET_KINDS: Final = ("Avenue", "Boulevard", "Court", "Drive", "Lane", "Place", "Road", "Street", "Terrace", "Way")
UNIT_KINDS: Final = ("Apt", "Suite", "Unit", "Floor")
MAIL_HOSTS: Final = ("example.com", "example.org", "example.net", "mail.example", "post.example")


class Name(msgspec.Struct, frozen=True, gc=False):
    """A person's name."""

    first_name: str
    last_name: str


class Address(msgspec.Struct, frozen=True, gc=False):
    """A postal address, fields in the order in which τ²-bench prints them."""

    address1: str
    address2: str
    city: str
    country: str
    state: str
    zip: str


class Person(msgspec.Struct, frozen=True, gc=False):
    """One drawn person. `user_id` has the form `first_last_1234`."""

    user_id: str
    name: Name
    address: Address
    email: str


def draw_address(rng: Random) -> Address:
    """An address in the United States; the state and the first three digits of the zip fit the city."""
    city, state, prefix = CITIES[int(rng.random() * len(CITIES))]
    number = 1 + int(rng.random() * 998)
    street = STREETS[int(rng.random() * len(STREETS))]
    kind = STREET_KINDS[int(rng.random() * len(STREET_KINDS))]
    unit = UNIT_KINDS[int(rng.random() * len(UNIT_KINDS))]
    return Address(
        address1=f"{number} {street} {kind}",
        address2=f"{unit} {1 + int(rng.random() * 979)}",
        city=city,
        country="USA",
        state=state,
        zip=f"{prefix}{int(rng.random() * 100):02d}",
    )


def draw_people(rng: Random, count: int) -> list[Person]:
    """`count` people, with user ids, e-mail addresses and (first name, last name, zip) that nobody shares.

    E-mail addresses and names are unique ignoring case, as lookups do.
    """
    people: list[Person] = []
    ids: set[str] = set()
    mails: set[str] = set()
    keys: set[tuple[str, str, str]] = set()
    while len(people) < count:
        first = FIRST_NAMES[int(rng.random() * len(FIRST_NAMES))]
        last = LAST_NAMES[int(rng.random() * len(LAST_NAMES))]
        stem = f"{first.lower()}_{last.lower()}"
        user_id = f"{stem}_{1000 + int(rng.random() * 9000)}"
        host = MAIL_HOSTS[int(rng.random() * len(MAIL_HOSTS))]
        email = f"{first.lower()}.{last.lower()}{100 + int(rng.random() * 9900)}@{host}"
        address = draw_address(rng)
        key = (first, last, address.zip)
        if user_id in ids or email in mails or key in keys:
            continue
        ids.add(user_id)
        mails.add(email)
        keys.add(key)
        people.append(Person(user_id, Name(first, last), address, email))
    return people


def draw_digits(rng: Random, count: int, taken: set[str]) -> str:
    """A string of `count` digits, the first not zero, that is not in `taken`; adds it there."""
    low = 10 ** (count - 1)
    while True:
        digits = str(low + int(rng.random() * 9 * low))
        if digits not in taken:
            taken.add(digits)
            return digits
