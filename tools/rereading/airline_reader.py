"""From the words of an airline's customer to wishes: which trip, and what is to be done with it."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from tools.rereading.airline_otherwise import CLAIMS, goal_in, read_otherwise
from tools.rereading.airline_phrases import Phrases, Trip
from tools.rereading.airline_questions import questions_in
from tools.rereading.airline_wishes import Request, Wish
from tools.rereading.words import NotUnderstood, Rest, sentences, without_politeness

_SPLIT = re.compile(
    r"(?:,? and then|, and (?:after that|besides that|also|next|in addition|on top of that)|; once that is done,"
    r"|,? and,? after that,?|; then I want to) "
)
_PLANS = re.compile(r"change of plan|plans?(?: have| has)? (?:have )?changed|changes my plans")
_HEALTH = re.compile(r"\bhealth\b")
_WEATHER = re.compile(r"\bweather\b")
_AIRLINE = re.compile(r"airline (?:called off|cancelled) (?:a flight|one of the flights)(?: of it)?")
_TOLD = re.compile(r"\b(?:know|hear|be told)\b.*\b(?:total price|costs?|pay|charge|refund|get back|comes back)\b")
_ALLOWED = re.compile(
    r"flights? (?:themselves )?(?:should |are to )?stay|keep (?:all my|the same) flights"
    r"|flights of <T\d+> (?:should |are to )?stay (?:the same|as they are)"
    r"|(?:reservation|booking|confirmation|number|id)\b.*\b(?:lost|escapes|know|idea|find|hand|remember|wrote|deleted"
    r"|broken|at home|nowhere)"
    r"|never given an? (?:reservation|booking)"
    r"|(?:lost|misplaced|escapes|don't know|no idea|can't find|don't have|don't (?:remember|recall)|wrote down"
    r"|deleted)\b"
    r".*\b(?:id|number)\b"
    r"|(?:(?:in|be) one single change|a single (?:step|change)|one step|(?:in one|one) (?:change|step|go)\b"
    r"|all the bags|as one (?:single )?change|(?:one|a single) change for all)"
    r"|everybody else (?:keeps|has to keep) their|nobody else (?:moves|is touched)"
    r"|the rest is to be left|(?:keep|still want) whatever can't be cancelled"
    r"|nothing is to happen to (?:the others|any other)"
    r"|(?:trips|bookings) themselves are to be left|nothing about the (?:trips|bookings) has to|including today"
    r"|(?:any|each) of my (?:trips|bookings|reservations) may be"
    r"|all (?:other passengers|others) (?:should )?(?:remain|stay)"
    r"|rest of the (?:passenger )?list (?:should )?(?:stay|remain)"
    r"|everybody else stays|(?:the|all) other passengers (?:stay|remain)|all flights (?:should )?stay as they are"
    r"|nothing changes for the others|what (?:cannot|can't) be cancelled stays|(?:remaining ones|others) should stay"
    r"|don't (?:want|need) to change or cancel|don't need the (?:booking|trip|reservation) changed"
    r"|(?:not asking for|don't (?:want|need)) any change"
    r"|(?:reservation|booking) itself (?:should|can) stay|(?:day|date) of (?:the|a trip's|their|its) first flight"
    r"|trip starts with its first flight"
    r"|by (?:the (?:total|sum) that|what) was paid|the total payment of|what was paid for each"
    r"|(?:today or earlier|after today|later than today)"
    r"|cabin has to be changed before the bags|bags come second|cabin first and bags second"
    r"|seats for everybody|enough (?:free )?seats|extra cost|surcharge for all"
    r"|is (?:saved in my profile|among my saved|(?:already )?a saved)|as a saved passenger|data of <W\d+>"
    r"|(?:for|planned for|left|days up to) today|which (?:of my (?:reservations|trips|bookings)|bookings|trips)"
    r"|its own certificate"
    r"|those days count|other direction|flights the other way|original day|the day I had planned|(?:appointment"
    r"|meeting|interview) was moved|for another day"
    r"|free on other days|more time than|want to save money"
    r"|can't travel$|isn't coming along|has other plans|compensated? for (?:it|that)|compensation|unhappy",
    re.IGNORECASE,
)
"""Sentences about which nothing has to be remembered: they say what follows from the wish, or where to look."""
_AFTERWARDS = re.compile(
    r"\b(?:once it's cancelled|after the cancellation|first the cancellation|when that is done)\b", re.IGNORECASE
)
_CONDITIONS = re.compile(r"\b(?:unless|except|otherwise|instead|\d+)\b", re.IGNORECASE)
_DECISIVE = re.compile(
    r"\b(?:reservations?|bookings?|trips?|flights?|cabin|class|economy|business|cheapest|least|most|expensive|priciest"
    r"|lowest|highest|fare|nonstop|stops?|connection|passengers?|bags?|insurance|refund|compensation|cancel\w*"
    r"|card|certificate|pay|paid|payment|price|before|after|unless|if|except|only|not|without|instead|every|each|all"
    r"|today|tomorrow|upgrade|downgrade|date of birth|name|\d+)\b|<[A-Z]\d+>",
    re.IGNORECASE,
)


class Reader:
    """Reads requests to an airline with these airports."""

    def __init__(self, phrases: Phrases) -> None:
        self._phrases = phrases

    def read(self, request: str, facts: Iterable[str]) -> Request:
        """The wishes in a request, completed by what the customer says when asked. Raises `NotUnderstood`."""
        found = Request()
        for sentence in [*sentences(request), *(one for fact in facts for one in sentences(fact))]:
            rest = Rest(without_politeness(sentence))
            self._phrases.name(rest)
            if questions := questions_in(rest):
                found.wishes += [_question(kind, words, rest) for kind, words in questions]
            elif not (self._birthday(rest, found) or self._detail(rest, found)):
                for clause in _SPLIT.split(
                    re.sub(r"^(?:do (?:a few|several) things|sort out some of my trips): ", "", rest.text)
                ):
                    part = Rest(clause)
                    part.kept = rest.kept
                    self._wish(part, found)
        _complete(found)
        return found

    def _birthday(self, rest: Rest, found: Request) -> bool:
        who, day = rest.named("W"), rest.named("B")
        if (
            len(who) == 1
            and len(day) == 1
            and re.search(r"\bborn on\b|\bbirthday of\b|date of birth (?:is|stays)", rest.text)
        ):
            if found.born.get(who[0], day[0]) != day[0]:
                raise NotUnderstood(f"two dates of birth of {who[0]}")
            found.born[who[0]] = day[0]
            return True
        return False

    def _detail(self, rest: Rest, found: Request) -> bool:
        """Read a sentence that says more about a wish. False where it is none."""
        text = rest.text
        if (
            re.search(
                r"in (?:exactly |just )?that order|in the order in which|the order matters|that order (?:kept|followed)"
                r"|in the order (?:given|i gave)",
                text,
                re.IGNORECASE,
            )
            and "cabin first" not in text
        ):
            found.in_order = True
            return True
        if not found.wishes:
            return False
        if read_otherwise(rest, found.wishes[-1]):
            return True
        if CLAIMS.search(text) and found.wishes[-1].act in ("cancel", "lost"):
            return True
        if _TOLD.search(text):
            about = ("bags",) if re.search(r"\bbags\b|for them", text) else ("cabin",) if "cabin" in text else ()
            next(one for one in reversed(found.wishes) if not about or one.act in about).told = True
            return True
        for reason, pattern in (("airline", _AIRLINE), ("health", _HEALTH), ("weather", _WEATHER), ("plans", _PLANS)):
            if pattern.search(text):
                named, found.reason = rest.named("T"), reason
                for one in found.wishes:
                    if one.act == "cancel" and not one.reason and (not named or one.trip in named):
                        one.reason = reason
                return True
        flying = [one for one in found.wishes if one.act in ("book", "rebook", "elsewhere") or one.told_of == "fare"]
        return bool(flying and self._of_booking(rest, flying[-1])) or self._of_change(rest, found)

    def _of_change(self, rest: Rest, found: Request) -> bool:
        text, wish = rest.text, found.wishes[-1]
        trips = rest.named("T")
        if route := re.search(r"^it's <T(\d+)>$", text, re.IGNORECASE):
            wish.route_check = rest.kept[int(route[1])][1].route
            return wish.route_check is not None
        if len(trips) == 1 and trips[0].passenger:
            wish.trip = trips[0]
            return True
        if (again := _AFTERWARDS.search(text)) and "compensat" in text:
            found.wishes.append(Wish("delay", trip=wish.trip, reason="delay", later=bool(again)))
            return True
        methods = rest.named("M")
        if methods and re.search(
            r"settle|charge|refund|money|[Pp]ayment|difference|(?:gives|pays) back|^use <M\d+>$", text
        ):
            for one in found.wishes:
                one.methods = one.methods or methods
            return True
        if re.search(r"after today|later than today|today or (?:earlier|before)|from tomorrow on", text):
            if not any(one.trip and (one.trip.every or one.trip.pick) for one in found.wishes):
                raise NotUnderstood(text)
            for one in found.wishes:
                one.after_today = True
            return True
        if not rest.take(_ALLOWED) or rest.named("D", "H", "B", "R", "U"):
            return False
        rest.must_be_idle(_CONDITIONS)
        return True

    def _of_booking(self, rest: Rest, wish: Wish) -> bool:
        """Read a sentence about flights to be booked, or about other flights for a trip. False where it is none."""
        text, days, times = rest.text.lower(), rest.named("D"), rest.named("H")
        if "nonstop" in text and len(times) == 1 and re.search(r"departure|leaves", text):
            wish.nonstop, wish.at = True, times[0]
        elif re.search(
            r"nonstop(?: flights)? (?:or|and) (?:(?:with|have) )?one stop|one stop(?:, | or )nonstop", text
        ) or re.search(r"one stop is as good|on the way is .*\bso is nonstop|whether it's nonstop or", text):
            wish.nonstop = False
        elif re.search(
            r"connections are out|(?:has to|must) be nonstop|(?:only|just want) nonstop|only want nonstop"
            r"|(?:don't|do not) want any stops",
            text,
        ):
            wish.nonstop = True
        elif len(times) == 1:
            if re.search(r"(?:can't|cannot) (?:leave|depart) before|must not leave before", text):
                wish.not_before = times[0]
            elif re.search(r"(?:have to|must) (?:leave|depart) before", text):
                wish.before = times[0]
            elif re.search(r"(?:arrive|be there) .*\bday\b", text) and re.search(
                r"day of departure|day on which i leave", text
            ):
                wish.there_by = times[0]
            else:
                raise NotUnderstood(rest.text)
        elif len(days) >= 2 and (back := re.search(r"\bthe return is\b|\bcome back\b|\breturn on\b", rest.text)):
            head, tail = rest.text[: back.start()], rest.text[back.start() :]
            wish.days, wish.days_back = _days(head, rest), _days(tail, rest)
        elif re.search(r"\bcabin\b", text) and re.search(r"same|keep my|as it is|don't want another", text):
            wish.keeps_cabin = True
        elif (goal := goal_in(text)) and not days and not times:
            if re.search(r"most expensive|priciest|dearest|highest", text):
                raise NotUnderstood(rest.text)
            if wish.goal not in ("", goal) and not (goal == "cheapest" and wish.act == "rebook"):
                raise NotUnderstood(rest.text)
            wish.goal = goal
        elif re.search(r"\bone way\b", text):
            wish.round_trip = False
        elif "insurance" in text:
            no = re.search(r"\bno\b|don't", text)
            if no and re.search(r"\byes\b", text):
                raise NotUnderstood(text)
            wish.insurance = "no" if no else "yes"
        elif re.search(r"\bbags?\b", text) and (
            count := re.search(r"\b(\d+)\b(?=(?: checked)? bags?|\W*$)", re.sub(r"<[A-Z]\d+>", "", text))
        ):
            wish.bags = int(count[1])
        elif (
            rest.named("C")
            and not rest.named("M")
            and re.search(r"\bfly in\b|\bsit in\b|\b(?:should|is to|has to) be in\b|\bcabin is\b", text)
        ):
            (wish.cabin,) = rest.named("C")
        else:
            return self._who_and_how(rest, wish, text)
        return True

    def _who_and_how(self, rest: Rest, wish: Wish, text: str) -> bool:
        people, methods = rest.named("W"), rest.named("M")
        if wish.act != "book":
            return False
        if re.search(r"listed first|come first|have me first", text):
            wish.order = people
        elif people and re.search(r"passengers?\b.*\bme and\b|(?:flying|travelling) together with", text):
            wish.people, wish.count = people, int(re.findall(r"\b\d+\b", re.sub(r"<[A-Z]\d+>", "", text))[0])
        elif re.search(r"only me|just me|(?:travelling|flying|travel|fly) alone|1 passenger: me", text):
            wish.people, wish.count = [], 1
        elif methods and re.search(r"\bpa(?:y|yment|id)\b|use up", text):
            wish.methods = methods
        else:
            return False
        return True

    def _wish(self, rest: Rest, found: Request) -> None:
        wish = self._placed(rest, found)
        if wish is not None:
            found.wishes.append(wish)
        elif not _story(rest):
            rest.must_be_idle(_DECISIVE)
            if rest.named("T", "R", "U", "H", "B"):
                raise NotUnderstood(rest.text)

    def _placed(self, rest: Rest, found: Request) -> Wish | None:
        text, trips, people, cabins = rest.text, rest.named("T"), rest.named("W"), rest.named("C")
        routes, days = rest.named("R"), rest.named("D")
        before = found.wishes[-1] if found.wishes else None
        if upgrade := rest.named("U"):
            return Wish("upgrade", trip=Trip(pick="upgrade"), cabin=upgrade[0])
        if trips and re.search(r"compensat|complain", text) and re.search(r"\blate\b|\bdelay(?:ed)?\b", text):
            return Wish("delay", trip=trips[0])
        if trips and re.search(r"\binsur", text):
            return Wish("insure", trip=trips[0])
        if trips and re.search(r"\bfewer\b|\btake \d+ checked bags? off\b|\bremove \d+ of the checked bags", text):
            return Wish("unbag", trip=trips[0])
        if trips and rest.named("A") and re.search(r"\bdestination\b|rather than to where|\bgo to\b", text):
            return Wish("elsewhere", trip=trips[0])
        if trips and trips[0].every == "cabin" and len(cabins) == 1:
            return Wish("cabins", trip=trips[0], cabin=cabins[0])
        if re.search(r"compensat|claim something|get something for it|complain|report", text) and trips:
            return Wish("lost", trip=trips[0])
        if bags := re.search(r"\b(\d+) (?:more|extra|further|additional) (?:checked )?bags?\b", text):
            trip = trips[0] if trips else before.trip if before else None
            return Wish("bags", trip=trip, bags=int(bags[1]))
        if trips and days and (goal := goal_in(text)):
            kept = "in the same cabin" in text
            out = re.search(r"\boutbound flights\b|\bleave on\b", text)
            back = re.search(r"\b(?:return|inbound) flights\b|\b(?:come|fly) back on\b", text)
            return Wish(
                "rebook", trip=trips[0], days=days, goal=goal, keeps_cabin=kept, cabin=cabins[0] if cabins else "",
                direction="out" if out else "back" if back else "",
            )  # fmt: skip
        if person := self._person(text, trips, people):
            return person
        if trips and trips[0].every == "cancellable":
            return Wish("cancel", trip=trips[0])
        if trips and re.search(r"\bcancel(?:led)?\b|\bcall(?:ed)? off\b|\bgive up\b|\bdrop\b", text):
            late = re.search(r"flight (?:of it )?(?:is late|today is delayed)|(?:is late|delayed) today", text)
            found.wishes += [Wish("cancel", trip=trip, reason="plans" if late else "") for trip in trips[:-1]]
            counted = re.search(r"\ball (\d+) of them\b|\b(\d+) of my reservations\b", text)
            if counted and int(counted[1] or counted[2]) != len(trips):
                raise NotUnderstood(text)
            return Wish("cancel", trip=trips[-1], reason="plans" if late else "")
        if trips and cabins:
            return Wish("cabin", trip=trips[0], cabin=cabins[0])
        if routes and re.search(
            r"\bbook\b|\bfly\b|\btravel\b|\btake\b|\bticket|\bseats\b|\bround trip\b|\bget\b", text
        ):
            both = re.search(r"\bround trip\b|\band back\b", text)
            if re.search(r"most expensive|priciest|dearest|highest", text):
                raise NotUnderstood(text)
            if both and "one way" in text:
                raise NotUnderstood(text)
            start = re.search(r"starting from <A(\d+)>", text)
            origins, destination = routes[0]
            if start and [rest.kept[int(start[1])][1]] != origins:
                destination, origins = origins[0], [rest.kept[int(start[1])][1]]
            return Wish(
                "book", origins=origins, destination=destination, days=days, cabin=cabins[0] if cabins else "",
                round_trip=True if both else None,
                goal=goal_in(text),
            )  # fmt: skip
        return None

    def _person(self, text: str, trips: list[Trip], people: list[str]) -> Wish | None:
        """A wish about a passenger's data, or about fewer passengers."""
        trip = trips[0] if trips else None
        if len(people) == 2 and re.search(r"replace|swap|give the seat of", text):
            return Wish("person", trip=trip, who=people[0], new_name=people[1])
        if len(people) == 2 and "instead of" in text:
            return Wish("person", trip=trip, who=people[1], new_name=people[0])
        if len(people) == 2 and "listed as" in text:
            return Wish("person", trip=trip, who=people[0], new_name=people[1])
        if len(people) == 1 and (name := re.search(r"last name (?:of <W\d+> )?to ([A-Z][\w-]+)", text)):
            return Wish("person", trip=trip, who=people[0], new_name=f"{people[0].split()[0]} {name[1]}")
        if len(people) == 1 and re.search(r"date of birth|birthday", text):
            return Wish("person", trip=trip, who=people[0])
        if len(people) == 1 and trip and re.search(r"\b(?:take .* off|without|remove)\b", text):
            return Wish("fewer", trip=trip, who=people[0])
        return None


def _days(text: str, rest: Rest) -> list[str]:
    return [rest.kept[int(index)][1] for index in re.findall(r"<D(\d+)>", text)]


def _story(rest: Rest) -> bool:
    """Whether a sentence tells who the customer is, or that an id is not at hand."""
    return bool(
        re.search(
            r"^it's an? \w+ trip$|^(?:I'm|I am|my (?:full )?name(?: is|:)|the name (?:on|of) my (?:account"
            r"|profile) is) (?:<W\d+>|(?:<A\d+> [A-Z][\w'-]+|[A-Z][\w'-]+ <A\d+>))$"
            r"|(?:user|account|customer) id\b",
            rest.text,
            re.IGNORECASE,
        )
    )


def _question(kind: str, words: str, rest: Rest) -> Wish:
    part = Rest(words)
    part.kept = rest.kept
    trips, routes = part.named("T"), part.named("R")
    wish = Wish("ask", trip=trips[0] if trips else None, told_of=kind, days=part.named("D"), goal="cheapest")
    if routes:
        (wish.origins, wish.destination), (wish.cabin,) = routes[0], part.named("C")
    return wish


def _complete(found: Request) -> None:
    """Give what was said apart from the wishes to the wishes that lack it."""
    for wish in found.wishes:
        if wish.other_cabin:
            wish.instead = msgspec.structs.replace(wish, cabin=wish.other_cabin, limit=None, other_cabin="")
        if other := wish.instead:
            other.methods = other.methods or wish.methods
            other.reason = other.reason or found.reason
