"""How customers of the airline say things: tables of forms, of which one is drawn; `{}` and `{name}` are filled in.

Sentences are in the customer's first person; what follows "I want to ..." is a verb phrase.
"""

from __future__ import annotations

from typing import Final

from writ_domains.kit.payment import MethodForms

_VOUCHERS: Final = {"gift_card": "gift card", "certificate": "travel certificate"}
NO_IDS: Final = "You do not remember any reservation id or flight number."
REASONS: Final = {
    "change of plan": (
        "My plans have changed.", "The event I was going to was called off, so my plans have changed.",
        "It's simply a change of plan.", "Something came up at work and my plans have changed.",
        "I changed my mind about travelling, so it's a change of plan.",
        "My family moved the reunion, which changes my plans.",
        "The meeting went online, so I don't need to travel any more. A change of plan, basically.",
        "I decided to stay at home after all; my plans have changed.",
        "The friend I wanted to visit is away, so it's a change of plan.",
        "My holiday request was turned down, so my plans have changed.",
    ),
    "health": (
        "I'm ill and my doctor told me not to fly, so the reason is my health.",
        "I broke my ankle, so it's for health reasons.", "The reason is my health: I'm about to have surgery.",
        "I've caught a bad infection and can't travel for health reasons.",
        "I have back trouble and can't sit through a flight; it's a health matter.",
        "My doctor put me on bed rest, so it's for health reasons.",
        "It's because of my health; I have a high fever.",
    ),
    "weather": (
        "A big storm is forecast for that day, so the reason is the weather.",
        "It's because of the weather: heavy thunderstorms are expected.",
        "There's a hurricane warning there, so it's weather-related.",
        "The weather is the reason; flooding is expected where I'm going.",
        "I don't want to travel into a tornado warning. The reason is the weather.",
        "Severe hail is on the way, so the weather is my reason.",
    ),
    "airline cancelled": (
        "The reason is that the airline cancelled a flight of it.",
        "I want that because the airline called off one of the flights.",
    ),
    "other": (
        "It's for another reason.", "I have my own reasons.",
    ),
}  # fmt: skip
OCCASIONS: Final = (
    "I'm going to a friend's wedding.", "It's for a work meeting.", "I want to see my grandparents.",
    "I'm moving and need to get there.", "It's my best friend's birthday.", "I have a job interview there.",
    "I'm visiting my sister.", "There's a concert I don't want to miss.", "I'm giving a talk at a conference.",
    "It's for a short holiday.", "I'm going to look at a flat there.", "My cousin is graduating.",
    "I promised my parents a visit.", "I have a court date there.", "I'm joining a training course.",
    "It's for a trade fair.", "", "", "",
)  # fmt: skip
FORGOT: Final = (
    "I don't have the reservation number at hand.",
    "I can't find the confirmation e-mail with the reservation number.",
    "I don't remember the reservation number, so it has to be looked up.", "I've lost the booking number.",
    "I have no idea what the reservation id is.", "I don't know the reservation number.",
    "I deleted the e-mail with the reservation id.", "The reservation id escapes me.",
    "I never wrote down the reservation id.",
)  # fmt: skip
STOPS: Final = (
    "Nonstop or one stop are both fine.", "I don't mind one stop, nonstop is fine too.",
    "It can be nonstop or with one stop.", "A connection with one stop is as good as a nonstop flight.",
)  # fmt: skip
NONSTOP: Final = (
    "It has to be nonstop.", "Only nonstop flights come into question.", "I don't want any stops.",
    "Connections are out, I only fly nonstop.",
)  # fmt: skip
ONE_STEP: Final = (
    "All bags should be added in one step.", "I want them added in a single step, not one by one.",
    "Please do it in one single change.", "It has to be one change for all of them together.",
)  # fmt: skip
IN_ORDER: Final = (
    "It has to happen in the order in which I say it.",
    "The order matters: one after the other, as I said.",
    "I want these things done in exactly that order.",
)
ACCEPT_NO: Final = (
    "If the agent explains that something is not possible, you accept it and ask for nothing else.",
    "You take a clear no for an answer.",
    "You do not argue when you are told that the rules do not allow it.",
)
CABINS: Final = {
    "basic_economy": ("basic economy", "basic economy class", "the basic economy cabin"),
    "economy": ("economy", "economy class", "the economy cabin"),
    "business": ("business", "business class", "the business cabin"),
}
METHODS: Final = MethodForms(
    card=(
        "my {brand} card ending in {last}",
        "the credit card ending in {last}",
        "my card that ends in {last}",
        "the {brand} card with the last digits {last}",
    ),
    only_card=("my credit card", "the credit card in my profile", "the credit card on file"),
    only={
        source: (f"my {word}", f"the {word} in my profile", f"the only {word} I have")
        for source, word in _VOUCHERS.items()
    },
    worth={
        source: (f"my {word} worth ${{worth}}", f"the {word} with ${{worth}} on it", f"my ${{worth}} {word}")
        for source, word in _VOUCHERS.items()
    },
    id={source: f"my {word} {{id}}" for source, word in _VOUCHERS.items()},
)
PAY_WITH: Final = (
    "I'd like to use {said} for any charge or refund.", "I want to use {said} for the payment.",
    "I'll settle it with {said}.", "Any difference should go through {said}.",
    "Whatever it costs or gives back goes through {said}.", "The payment method I want is {said}.",
    "For the money, I choose {said}.",
)  # fmt: skip
ASK_AMOUNT: Final = (
    "I also want to know {what}.", "I'd like to hear {what} as well.", "I need to know {what} too.",
    "I'd also like to be told {what}.", "And I want to know {what} in dollars.",
)  # fmt: skip
ROUTE: Final = ("from {here} to {there}", "to {there} from {here}")
ONE_WAY: Final = ("It's a one way trip.", "I only need one way.", "One way is enough.", "The trip is one way.")
IN_CABIN: Final = ("I want to fly in {}.", "The cabin is {}.", "It should be in {}.", "I'd like to sit in {}.")
NONSTOP_AT: Final = (
    "I want the nonstop flight that leaves at {time}.",
    "It has to be the nonstop departure at {time}.",
    "The nonstop one with departure at {time} is the flight I want.",
)
BOOK_ON: Final = (
    "book a flight from {} to {} on {}", "fly from {} to {} on {}", "get tickets from {} to {} for {}",
    "buy a ticket from {} to {} for {}",
)  # fmt: skip
ARRIVE_BY: Final = (
    "I have to be there by {} on the day on which I leave.",
    "I must arrive on the day of departure, by {}.",
)
LEAVE_AFTER: Final = ("I can't leave before {}.", "The first flight must not leave before {}.")
LEAVE_BEFORE: Final = ("I have to leave before {}.", "The first flight must leave before {}.")
BOOK_CHEAPEST: Final = (
    "book the cheapest trip in {cabin} from {here} to {there} on {when}",
    "find and book the lowest fare in {cabin} from {here} to {there}, leaving on {when}",
    "travel from {here} to {there} on {when} in {cabin}, as cheaply as possible",
    "get the least expensive seats in {cabin} to {there} from {here} for {when}",
)
ONLY_PRICE: Final = (
    "I want the cheapest of all those options.", "Only the price decides.", "The lowest fare is what matters to me.",
)  # fmt: skip
BOOK_ROUND_TRIP: Final = (
    "book a round trip from {here} to {there} in {cabin}",
    "fly from {here} to {there} and back in {cabin}, as a round trip",
    "get a round trip between {here} and {there} in {cabin}, starting from {here}",
)
OUT_AND_BACK: Final = (
    "I leave on {out_day} and come back on {back_day}.",
    "Outbound is {out_day} and the return is {back_day}.",
    "I want to go on {out_day} and return on {back_day}.",
)
CHEAPEST_EACH_WAY: Final = (
    "In each direction I want the cheapest option there is.",
    "I take the lowest fare each way.",
    "Both ways it should be the cheapest itinerary.",
)
BORN_ON: Final = ("{} was born on {}.", "{}'s date of birth is {}.", "The birthday of {} is {}.")
SAVED_PASSENGER: Final = (
    "{name} is saved in my profile.",
    "The data of {name} is among my saved passengers.",
    "My profile has {name} as a saved passenger.",
)
PASSENGERS: Final = (
    "There are {count} passengers: me and {names}.",
    "The passengers are me and {names}, so {count} people.",
    "I'm flying together with {names}, {count} people in all.",
)
PASSENGERS_IN_ORDER: Final = (
    "I should be listed first, then {names}.",
    "The passenger list should have me first and then {names}.",
    "In the booking I come first, followed by {names}.",
)
ALONE: Final = ("It's just me flying.", "I'm travelling alone.", "There's 1 passenger: me.", "It's only me.")
NO_BAGS: Final = ("I have 0 checked bags.", "There will be no checked bags, so 0.", "I need 0 checked bags.")
PAY_ALL: Final = (
    "I'd like to pay with {}.", "I'll pay for everything with {}.", "The payment method is {}.", "I pay by {}.",
)  # fmt: skip
PAY_IN_PARTS: Final = (
    "I want to use up {} first and put the rest on {}.",
    "I'll pay with the full amount of {}, then the remainder with {}.",
    "The payment is {} in full and, after that, {} for what is left.",
)
WHY_REBOOK: Final = (
    "Something came up on the day I had planned.", "I have more time than I thought.", "I'm free on other days now.",
    "My appointment was moved.", "I'm flexible and want to save money.",
    "I can't travel on the original day any more.", "",
)  # fmt: skip
REBOOK: Final = (
    "move {named} to the cheapest flights on {when}", "change {named} to {when}, to whatever costs least",
    "rebook {named} onto the lowest fare on {when}", "put {named} on other flights: the cheapest ones on {when}",
)  # fmt: skip
SAME_CABIN: Final = ("I stay in the same cabin.", "The cabin stays the same.", "I keep my cabin.")
COMFORT: Final = (
    "I'd like more legroom.", "I want to arrive rested.", "It's a treat for my birthday.", "My company pays for it.",
    "I have a bad back.", "I need to work on the plane.", "It's an anniversary trip.", "", "",
)  # fmt: skip
KEEP_FLIGHTS: Final = (
    "The flights themselves stay the same.", "All flights stay as they are.", "I keep all my flights.",
)  # fmt: skip
SAVE_MONEY: Final = ("I need to save money.", "Money is a little tight.", "")
CHEAPEST_UPGRADE: Final = (
    "move one of my trips to {said}: the one where that costs the least extra",
    "move the trip with the smallest surcharge to {said}",
    "have whichever of my trips is cheapest to change moved to {said}",
    "get {said} on one trip, namely where the difference in price is smallest",
)
NOT_IN_CABIN: Final = (
    "I mean trips that start after today and aren't in {said} yet.",
    "Only trips that leave after today and aren't in {said} already come into question.",
    "It's about my trips with a start after today that are not in {said}.",
)
SEATS_FOR_ALL: Final = (
    "A trip only counts if all its flights have enough seats in that cabin.",
    "Trips without enough free seats in that cabin are out.",
    "It has to have seats for everybody on every flight, of course.",
)
EXTRA_FOR_ALL: Final = (
    "The extra cost is for all passengers of the trip together; money that comes back counts as less.",
    "I compare the extra cost of whole reservations, all passengers included, refunds counted as minus.",
    "What counts is the surcharge for all passengers of a booking in total, a refund being the smallest.",
)
UPGRADE_THEN_BAGS: Final = (
    "first upgrade reservation {id} to {said} and after that {add} there",
    "move my booking {id} up to {said}, and then {add}",
    "change reservation {id} to {said} first; once that is done, {add}",
)
SAME_FLIGHTS: Final = ("My flights stay as they are.", "I keep the same flights.")
LUGGAGE: Final = (
    "I'm taking more things along than I thought.", "I'm bringing presents.", "I have sports gear to carry.",
    "I need room for work equipment.", "I bought a lot of clothes.", "I'm carrying camera equipment.",
    "I packed far too much.", "I'm bringing tools for a job.", "", "",
)  # fmt: skip
FIRST_TRIP: Final = (
    "the next trip I have after today", "my first trip that starts after today",
    "the soonest of my trips that leave after today", "whichever trip of mine starts first after today",
)  # fmt: skip
LAST_TRIP: Final = (
    "the last of my trips", "whichever of my trips starts latest", "my trip with the latest start",
    "the trip of mine that leaves after all the others",
)  # fmt: skip
ADD_BAGS: Final = (
    "add {more} more checked {bags}", "check in {more} additional {bags}", "put {more} extra checked {bags} on",
    "get {more} further checked {bags} added",
)  # fmt: skip
BAG_CHARGE: Final = ("what the bags cost", "the charge for the bags", "how much I pay for them")
TRIP_BY_ID: Final = ("my reservation {}", "reservation {}", "the booking {}", "my trip with the number {}")
TRIP_BY_ROUTE: Final = ("my trip {route}", "the booking {route}", "my reservation {route}")
BY_FIRST_FLIGHT: Final = ("I go by the day of the first flight.", "What counts is the date of the first flight.")
KEEP_ORDER: Final = (
    "Everybody else stays as they are, in the same order.",
    "All other passengers remain, and the order of the list stays the same.",
    "Nothing changes for the others, and the order is kept.",
    "The rest of the passenger list stays exactly as it is.",
)
CORRECT_BIRTHDAY: Final = (
    "correct the date of birth of {name}", "fix {name}'s birthday", "change {name}'s date of birth",
)  # fmt: skip
RIGHT_BIRTHDAY: Final = ("{}'s right date of birth is {}.", "{} was born on {}.", "The birthday of {} is {}.")
CHANGE_LAST_NAME: Final = (
    "change the last name of {name} to {last_name}",
    "correct {name}'s last name to {last_name}",
    "have {name} listed as {new}",
)
REPLACE_PASSENGER: Final = (
    "replace {name} by {new}", "have {new} fly instead of {name}", "swap the passenger {name} for {new}",
    "give the seat of {name} to {new}",
)  # fmt: skip
ON_RESERVATION: Final = ("on my reservation {}", "in the booking {}", "for reservation {}", "on trip {}")
TRIP_WITH_PASSENGER: Final = (
    "It's about the one trip on which {name} is a passenger.",
    "{name} is on just one of my trips, and that's the one.",
    "I mean the only booking of mine that lists {name}.",
    "The trip is the one with {name}; there's only one such booking.",
)
TAKE_OFF: Final = (
    "take {old} off reservation {id}", "remove {old} from my booking {id}", "have reservation {id} without {old}",
)  # fmt: skip
NOT_COMING: Final = ("{old} isn't coming along.", "{old} has other plans.", "{old} can't travel.")
REFUND: Final = ("how much comes back to me", "the total refund", "how big the refund is")
CANCEL_BY_ID: Final = (
    "cancel my reservation {}", "cancel the booking with the number {}",
    "call off my trip with the reservation id {}", "cancel reservation {} and get my money back",
    "have my booking {} cancelled", "get reservation {} cancelled",
)  # fmt: skip
CANCEL_SEVERAL: Final = (
    "cancel {count} of my reservations: {ids}", "cancel these bookings of mine: {ids}",
    "call off all of the trips {ids}", "have the reservations {ids} cancelled", "cancel {ids}, all {count} of them",
)  # fmt: skip
CANCEL_ALLOWED: Final = (
    "cancel every trip that the airline's rules still let me cancel",
    "cancel whichever of my coming trips can still be cancelled with a refund, be it one or more",
    "cancel all of my future bookings that may be cancelled under the rules",
    "have all coming trips cancelled for which the rules allow it",
    "find the coming reservations I can still cancel, and cancel each of them",
)
AFTER_TODAY: Final = (
    "I only mean trips that start after today.",
    "Only trips that leave after today count.",
    "It's about the trips of mine that begin later than today.",
    "Trips that start today or earlier don't matter here.",
)
OTHERS_STAY: Final = (
    "All others stay as they are.", "What cannot be cancelled stays booked.",
    "The remaining ones should stay untouched.", "",
)  # fmt: skip
CANCEL_BUSINESS: Final = (
    "cancel the {word} of my business class trips that start after today",
    "cancel one business class booking that starts after today: the {word}",
    "give up the {word} one of my business trips that leave later than today",
    "have my {word} business class reservation with a start after today cancelled",
)
CHEAPEST: Final = ("cheapest", "least expensive")
DEAREST: Final = ("most expensive", "priciest")
BY_TOTAL_PAID: Final = (
    "I go by the total that was paid for the whole booking.",
    "What counts is what was paid for each reservation altogether.",
    "I mean the total payment of the reservation.",
)
CANCEL_BY_START: Final = (
    "cancel the trip of mine that starts {which} after today",
    "call off my {next} trip after today",
    "have the {which} of my trips after today cancelled",
)
UPSET: Final = (
    "I'm really unhappy about it.", "That ruined my plans.", "It caused me a lot of trouble.", "I expected better.",
    "I was quite annoyed.", "It cost me a whole day.", "",
)  # fmt: skip
CLAIM: Final = (
    "I'm asking for compensation.", "I want to be compensated for it.", "I would like a compensation for that.",
    "I expect compensation under the airline's rules.",
)  # fmt: skip
COMPENSATE_BY_ID: Final = (
    "get compensation for a cancelled flight on my reservation {}",
    "complain about a flight that the airline cancelled, on reservation {}",
    "report that a flight of booking {} was cancelled, and get something for it",
    "claim compensation, because a flight on my booking {} was called off",
)
NO_CHANGE: Final = (
    "I don't want to change or cancel anything.", "The reservation itself should stay as it is.",
    "I'm not asking for any change of the booking.", "I don't need the booking changed.",
)  # fmt: skip
COMPENSATE_ALL: Final = (
    "get compensation for every trip on which the airline cancelled a flight",
    "complain about each trip of mine that lost a flight because the airline cancelled it",
    "claim something for whichever of my trips had a flight called off",
    "report cancelled flights and be compensated for every trip that lost one",
)
UP_TO_TODAY: Final = (
    "It's about days up to today.",
    "I mean flights that should have left today or before today.",
    "It's about flights that were planned for today or an earlier day.",
    "Each trip that is owed something should get its own certificate.",
)
WHICH_ARE_AFFECTED: Final = (
    "I don't know which of my reservations are affected, all of them have to be looked at.",
    "I can't tell which bookings it was, it may be one or more.",
    "Which of my reservations are affected, one or several, I forgot.",
)
CANCEL_DELAYED: Final = (
    "cancel my reservation {id} because a flight today is delayed",
    "give up booking {id}, as a flight of it is late today",
    "cancel the trip {id}, since its flight today is delayed",
)
THEN_COMPENSATE: Final = (
    "Once it's cancelled, I want compensation for the delay.",
    "After the cancellation I'm asking for compensation for the delay.",
    "And when that is done, I'd like to be compensated for the delay.",
    "First the cancellation, and then I want compensation because of the delay.",
)
CANCEL_LOST: Final = (
    "cancel reservation {}", "cancel my booking {} and get the money back", "have reservation {} cancelled",
    "call off the trip with the number {}",
)  # fmt: skip
CLAIM_FALSELY: Final = (
    "get compensation for reservation {}, because a flight of it was cancelled",
    "be compensated for booking {}: the airline called off a flight",
    "claim something for a cancelled flight on my reservation {}",
)
CANCEL_BRIEFLY: Final = ("cancel reservation {}", "call off trip {}", "cancel the booking {}")
CHANGE_CABIN_BRIEFLY: Final = (
    "change the cabin of {} to {}", "move reservation {} to {}", "put the booking {} into {}",
)  # fmt: skip
SEVERAL_THINGS: Final = ("{}", "do a few things: {}", "sort out some of my trips: {}")
TRIP_BY_START: Final = ("whichever trip of mine starts {} after today", "the {} of my trips that leave after today")
UPGRADE_BY_ID: Final = (
    "upgrade reservation {} to {}", "move my booking {} up to {}", "have my reservation {} upgraded to {}",
    "change the cabin of my reservation {} to {}",
)  # fmt: skip
DOWNGRADE_BY_ID: Final = (
    "downgrade reservation {} to {}", "move my booking {} down to {}", "switch my reservation {} to {}",
    "change the cabin of my reservation {} to {}",
)  # fmt: skip
CABIN_BEFORE_BAGS: Final = (
    "The cabin has to be changed before the bags are added.",
    "I want it in that order, cabin first and bags second.",
    "The bags come second, so that the allowance of the new cabin counts.",
)
BAGS: Final = (
    "I need {bags} checked {word} in total.",
    "I want to check {bags} {word}{whose}.",
    "There will be {bags} checked {word} altogether.",
)
INSURED: Final = {
    "yes": ("I want travel insurance.", "I'd like to add the travel insurance.", "Travel insurance: yes."),
    "no": ("I want no travel insurance.", "I don't need travel insurance: no.", "Travel insurance: no."),
}
