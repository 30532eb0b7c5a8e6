"""How customers of the shop say things: tables of forms, of which one is drawn; `{}` and `{name}` are filled in.

Remarks are about the customer, in the first person; what follows "I want to ..." is a verb phrase.
"""

from __future__ import annotations

from typing import Final

from writ_domains.kit.payment import CARD_FORMS, MethodForms

NO_ORDER_IDS: Final = (
    "You do not have your order ids at hand.", "You do not know any order id.",
    "You never wrote down the order numbers.", "You cannot look up your order numbers right now.",
)  # fmt: skip
METHODS: Final = MethodForms(
    card=CARD_FORMS.card,
    only_card=CARD_FORMS.only_card,
    only={
        "paypal": ("my PayPal account", "PayPal", "my PayPal", "the PayPal account on file"),
        "gift_card": ("my gift card", "the gift card on my account", "my gift card balance"),
    },
)
CANCEL: Final = ("cancel {}", "have {} cancelled", "get {} cancelled", "call off {}", "stop {} and have it cancelled")
REASON: Final = (
    "The reason is: {}.", "My reason is: {}.", 'If a reason has to be given, it is "{}".',
    "The reason for cancelling is {}.", "I give {} as the reason.",
)  # fmt: skip
REASON_IT: Final = {
    "no longer needed": (
        "It is no longer needed.", "It's simply no longer needed.", "What I bought is no longer needed.",
    ),
    "ordered by mistake": (
        "It was ordered by mistake.", "As it happens, it was ordered by mistake.", "That one was ordered by mistake.",
    ),
}  # fmt: skip
ASK_REFUND: Final = (
    "I also want to know how much money I get back.", "I'd like to be told the exact amount of the refund.",
    "I want to hear the total of the refund as well.", "I need to know what sum will be refunded.",
)  # fmt: skip
ASK_DIFFERENCE: Final = (
    "I also want to know what the difference in price is.", "I'd like to be told the exact price difference.",
    "I want to hear how large the price difference is.", "I need to know by how much the price changes.",
)  # fmt: skip
RETURN: Final = (
    "return {things} from {where}", "send back {things} from {where}", "give back {things} from {where}",
    "have {things} from {where} taken back", "send {things} from {where} back for a refund",
    "start a return of {things} from {where}",
)  # fmt: skip
REFUND_TO: Final = (
    "The refund should go to {}.", "I want the refund on {}.", "I'd like the money back on {}.",
    "For the refund I choose {}.", "The money should be returned to {}.",
)  # fmt: skip
REFUND_BACK: Final = (
    "The refund should go to the original payment method.", "I want the refund on whatever I paid with.",
    "I'd like the money back the way I paid.", "The money should go back to the payment method I used for the order.",
    "For the refund, the original payment method is fine.",
)  # fmt: skip
EXCHANGE: Final = (
    "exchange {thing} from {where} for {target}", "swap {thing} from {where} for {target}",
    "trade {thing} from {where} for {target}", "send back {thing} from {where} in exchange for {target}",
    "get {target} in exchange for {thing} from {where}",
)  # fmt: skip
MODIFY: Final = (
    "change {thing} in {where} to {target}", "switch {thing} in {where} to {target}",
    "swap {thing} in {where} for {target}", "replace {thing} in {where} with {target}",
    "get {target} instead of {thing} in {where}",
)  # fmt: skip
DIFFERENCE: Final = (
    "Any price difference should be settled with {}.", "I want the price difference handled through {}.",
    "For the difference in price I want to use {}.", "If there's a difference in price, it goes to {}.",
    "I'd like to use {} for the price difference.",
)  # fmt: skip
SHIP: Final = (
    "have {} shipped to another address", "change the shipping address of {}", "redirect {} to a different address",
    "get {} delivered to a new address", "update where {} is sent",
)  # fmt: skip
NEW_ADDRESS: Final = (
    "The new address is {}.", "It should go to {}.", "The right address is {}.", "The address I want is {}.",
    "The address to use is {}.",
)  # fmt: skip
SHIP_LIKE: Final = (
    "have {where} sent to the address that {other} was shipped to",
    "change the shipping address of {where} to the one of {other}",
    "redirect {where} to where {other} went",
    "get {where} delivered to the same address as {other}",
)
PAY: Final = (
    "pay for {where} with {method} instead", "switch the payment of {where} to {method}",
    "move the payment for {where} to {method}", "change the payment method of {where} to {method}",
    "use {method} rather than the current payment method for {where}",
)  # fmt: skip
PROFILE: Final = (
    "update the default address on my profile", "change the address in my account", "replace my default address",
    "set a new default address for my account", "get the address on my profile changed",
)  # fmt: skip
HOME_ADDRESS: Final = (
    "The new address is {}.", "My new address is {}.", "The address on file should be {}.", "I live at {} now.",
    "From now on my address is {}.",
)  # fmt: skip
KEEP_OPTIONS: Final = (
    "Apart from that, every option should stay as it is.", "All other options should remain the same.",
    "I want nothing else about it to change.", "The rest of its options should be as before.",
    "In all other respects it should be the same.",
)  # fmt: skip
MOVED: Final = (
    "I've moved.", "I'm moving this week.", "I have a new home.", "I've just moved to another place.",
    "I no longer live at my old address.",
)  # fmt: skip
MOVE: Final = (
    "update my default address and the shipping address of every pending order of mine",
    "have my new address put into my profile and into all my pending orders",
    "change the address on my profile, and send all my pending orders to the new address too",
    "get both my account's default address and all orders that are still pending changed to the new address",
)
CLEAR: Final = (
    "cancel all my pending orders", "cancel every order of mine that is still pending",
    "have each of my pending orders cancelled", "call off everything that I have on order and that is still pending",
    "get rid of all orders that are pending on my account by cancelling them",
)  # fmt: skip
ASK_TOTAL: Final = (
    "I also want to know how much I get back in total.",
    "I'd like to be told the sum of all refunds.",
    "I want to hear the total amount that is refunded for all of them together.",
)
RETURN_ALL: Final = (
    "return everything from all my delivered orders",
    "send back every item of each order that has been delivered to me",
    "return all items of all orders that have arrived",
    "give back everything that has been delivered to me",
    "have everything in my delivered orders taken back",
    "start returns for all my delivered orders, with every item in them",
    "send all that I've received so far back for a refund, order by order",
)
DEAREST_ORDER: Final = (
    "my most expensive {} order", "the {} order that cost me the most",
    "whichever of my {} orders has the highest total", "the {} order of mine with the largest total",
    "the priciest of my {} orders",
)  # fmt: skip
CHEAPEST_ORDER: Final = (
    "my cheapest {} order", "the {} order that cost me the least", "whichever of my {} orders has the lowest total",
    "the {} order of mine with the smallest total", "the least expensive of my {} orders",
)  # fmt: skip
COVERED_ORDER: Final = (
    "the most expensive pending order, of those paid in another way, that the gift card's balance covers in full",
    "whichever pending order is the priciest one that the gift card can pay completely and does not pay yet",
    "the pending order with the highest total that the gift card can cover and is not used for already",
    "the largest of my pending orders, apart from any on the gift card already, that its balance is enough for",
)
DEAREST_ITEM: Final = (
    "the most expensive item", "the single priciest item", "the one item that cost the most",
    "the item with the highest price",
)  # fmt: skip
CHEAPEST_ITEM: Final = (
    "the cheapest item", "the single least expensive item", "the one item that cost the least",
    "the item with the lowest price",
)  # fmt: skip
ALL_DELIVERED: Final = (
    "all my delivered orders", "everything that has been delivered to me", "all the orders I've received",
    "my delivered orders taken together",
)  # fmt: skip
ONE_OF_THEM: Final = ("one of my {} orders", "whichever of my {} orders it is in", "the right one of my {} orders")
ALL_BUT: Final = ("everything except {}", "all items but {}", "all of it, apart from {},", "every item other than {}")
CHEAPEST_VERSION: Final = (
    "the cheapest other version of the same product that is in stock",
    "whichever other version of the same product is cheapest and in stock",
    "the least expensive of the other available variants of that product",
    "the lowest-priced other variant of it that is available",
)
DEAREST_VERSION: Final = (
    "the most expensive other version of the same product that is in stock",
    "whichever other version of the same product costs the most and is in stock",
    "the priciest of the other available variants of that product",
    "the highest-priced other variant of it that is available",
)
OTHERWISE_ANY: Final = (
    "The options do not matter to me.", "I don't mind which options it has.", "Only the price matters to me.",
    "I have no wishes about color, size or the like.", "I'm fine with whatever options that one has.",
)  # fmt: skip
MOST_SAVED: Final = (
    "Of all the items in my {} orders, it has to be the one with which the swap saves me the most money.",
    "I mean the item, out of everything in my {} orders, where this lowers the price by the largest amount.",
    "The item to pick from all my {} orders is the one where I save most; everything else stays as it is.",
    "Among all items of my {} orders I want the one with the biggest saving, and only that one.",
)
SAME_KIND: Final = (
    "Its {axis} has to stay as it is.", "The {axis} must be the same as now.", "I want to keep the {axis}.",
    "It should have the same {axis} as the one I have.",
)  # fmt: skip
HOME_LIKE_ORDER: Final = (
    "set my default address to the one that {} was sent to",
    "make the shipping address of {} my default address",
    "have the address on my profile replaced by the shipping address of {}",
    "copy the address of {} into my profile as the default one",
)
BACKGROUND: Final = (
    "I've been meaning to do this for days.", "I had a busy week, so I'm only getting to it now.",
    "I talked it over with my family.", "I changed my mind about a few things.", "I'm doing this on my lunch break.",
    "I'm sorting out my household budget.", "I've just moved things around at home.",
    "I'm usually happy with the shop.", "I hope this doesn't take long.",
    "This is the first time I'm contacting support.", "My partner asked me to take care of this.",
    "I'd rather do this today than tomorrow.",
)  # fmt: skip
ORDER_BY_ID: Final = ("order {}", "my order {}", "order number {}", "the order {}")
ORDER_WITH: Final = (
    "the order with the {}", "my order with the {} in it", "the order that includes the {}",
    "the order in which I bought the {}", "my {} order", "the order containing the {}",
)  # fmt: skip
ITEM: Final = ("the {}", "my {}")
ADDRESS: Final = (
    "{a.address1}, {a.address2}, {a.city}, {a.state} {a.zip}, {a.country}",
    "{a.address1}, {a.address2}, {a.city}, {a.state}, {a.zip}, {a.country}",
    "{a.address1}, {a.address2} in {a.city}, {a.state} {a.zip}, {a.country}",
    "{a.address2}, {a.address1}, {a.city}, {a.state} {a.zip}, {a.country}",
)
OPTION: Final = ("the {axis} {value}", "{value} as the {axis}", "{axis}: {value}", "{axis} {value}")
WITH_OPTIONS: Final = ("one with {}", "the version with {}", "a version with {}", "the same thing with {}")
