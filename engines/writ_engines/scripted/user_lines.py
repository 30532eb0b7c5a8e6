"""What the scripted user says to show a behaviour; `user_plays` tells which value each line is for.

No line holds a fact, a number or a name."""

from __future__ import annotations

from typing import Final

HELLO: Final = (
    "Hi.",
    "Hello.",
    "Hi there.",
    "Good morning.",
    "Good afternoon.",
    "Good evening.",
    "Hey.",
    "Hello there.",
    "Hi, hope you're well.",
    "Hello, thanks for being there.",
    "Hey there.",
    "Good day.",
    "Hi, are you there?",
    "Hello, customer service.",
    "Hi, I've come to the right place, I hope.",
    "Hello, I've got something for you.",
)
UNAVAILABLE: Final = (
    "I'd like to {}.",
    "I want to {}.",
    "Can you help me to {}?",
    "I was hoping to {}.",
    "Is there a way to {}?",
    "First of all, I would like to {}.",
    "What I'm after is to {}.",
    "Could I {}, please?",
    "I'm trying to {}.",
    "I'm writing because I want to {}.",
    "Would it be possible to {}?",
    "I need to {}.",
    "Any chance to {}?",
    "My wish for today is to {}.",
    "How do I {} with you?",
)
INSTEAD: Final = (
    "All right, then let's do what I really came for.",
    "Fine, forget about that.",
    "Okay, leave that aside.",
    "Pity. Then there is the other thing.",
    "I see. In that case I have another request.",
    "Understood. On to my actual request.",
    "Too bad. Let's go on to the real matter.",
    "Well, I had to ask. Now to what matters.",
)
IF_NOT: Final = (
    "If that is not possible, here is what I want instead.",
    "If that isn't possible, then do this for me.",
    "If you can't do that, I have a second choice.",
    "In case that doesn't work, this is my fallback.",
    "If that is out of the question, I'll take this instead.",
    "If it can't be done, then please do the following.",
)
_CONCERNS: Final = (
    "It's about",
    "I'm writing about",
    "This concerns",
    "I have a question about",
    "I need help with",
    "It has to do with",
)
VAGUE_OBJECT: Final = (
    _CONCERNS,
    ("that thing", "something", "the thing", "one of my things", "the stuff", "something or other"),
    (
        "I got from you.",
        "I have with you.",
        "I arranged with you.",
        "we talked about.",
        "on my account.",
        "that I mentioned before.",
        "from you people.",
        "that I set up on your site.",
    ),
)
VAGUE_TIME: Final = (
    _CONCERNS,
    (
        "what I arranged",
        "what I did on your site",
        "something I set up",
        "what I agreed with you",
        "something I got from you",
    ),
    (
        "a while ago.",
        "some time back.",
        "the other day.",
        "not so long ago.",
        "a few weeks back, I think.",
        "recently.",
        "at some point.",
        "one of these days.",
    ),
)
WITHHOLD: Final = (
    "I'd rather not say. Why do you need that?",
    "Do you really need that? I'd rather not give it out.",
    "Hm, why do you need to know that?",
    "I prefer not to share that. What do you need it for?",
    "I'd rather not tell you that unless it's really necessary. Is it?",
    "Why do you need that? I don't like giving it out.",
)
YIELDS: Final = (
    "All right then.",
    "Fine, if you must know.",
    "Okay, since you need it.",
    "Very well.",
    "Alright, I understand.",
    "If it can't be helped.",
)
PRIVATE: Final = (
    "Why I'm doing this is private, by the way.",
    "I'd rather keep my reasons private.",
    "I prefer to keep the background to myself.",
    "The rest of the story is private.",
    "I won't go into the background, that's private.",
    "My circumstances are private, so please don't ask.",
)
RECAP: Final = (
    "Before I agree, could you sum it all up once more?",
    "Can you give me a recap first?",
    "Please summarise that for me one more time first.",
    "Could you go through it once more, in short?",
    "I'd like a short recap before I decide. Could you give me one?",
    "Would you repeat the main points once more first?",
)
EXPLICIT: Final = (
    "Yes, please.",
    "Yes, go ahead.",
    "Yes, that is right. Please do it.",
    "Yes.",
    "Yes, I confirm.",
    "Yes, do that please.",
)
IMPLICIT: Final = (
    "Go ahead.",
    "Sounds good.",
    "That works for me.",
    "Please do.",
    "Let's do it.",
    "Fine by me, go ahead.",
    "Perfect, do it.",
)
SHORT_YES: Final = ("Yes.", "Yes please.", "Ok, yes.", "Yep, yes.", "Sure, yes.")
ADD_ON: Final = (
    "Oh, and while we're at it:",
    "One more thing before you do that:",
    "And I nearly forgot:",
    "By the way, add this too:",
    "Oh, there is something else:",
    "Now that I think of it:",
)
CORRECTION: Final = (
    "Sorry, I got that wrong.",
    "Correction: I mixed something up.",
    "Sorry, I mistyped that.",
    "I made a mistake there, sorry.",
    "Wait, sorry, that was wrong.",
    "Excuse me, what I gave you before was wrong.",
)
ANXIOUS: Final = (
    "I'm really worried about this.",
    "I'm so nervous that something goes wrong.",
    "Please, I'm quite anxious about it.",
    "I hope I'm not too late, I'm worried sick.",
    "This makes me very nervous.",
    "I'm scared of messing this up.",
)
ANGRY: Final = (
    "This is ridiculous.",
    "I'm really annoyed that I have to write at all.",
    "Honestly, I'm fed up with this.",
    "I expect this to be fixed now.",
    "This is unacceptable.",
    "If this takes any longer, I'll take my business elsewhere.",
    "I'm angry, just so you know.",
)
ASIDE_QUESTIONS: Final = (
    "By the way, do you know whether your shop windows are lit at night?",
    "Out of curiosity, how long has your company been around?",
    "By the way, is your head office in a big city?",
    "Just wondering, do you work from home?",
)
ASIDE_OPINIONS: Final = (
    "By the way, I think your website could use nicer colours.",
    "Incidentally, I find the weather dreadful these days.",
    "By the way, I never liked music on the phone line.",
    "Incidentally, I think people should write more letters.",
)
ASIDE_OPINION_QUESTIONS: Final = (
    "By the way, do you like your job?",
    "Out of curiosity, what do you think of the weather lately?",
    "Just wondering, do you prefer cats or dogs?",
    "By the way, what do you make of all this talk about robots?",
)
ANECDOTES: Final = (
    "That reminds me of when my neighbour locked himself out in his slippers.",
    "Funny story: my dog hid my glasses in the garden again.",
    "That reminds me, my aunt used to sort her mail by the colour of the stamps.",
    "Funny story: I once waved at a stranger for a whole block.",
)
ASKS_WHERE: Final = (
    "Where do I find that?",
    "Where can I find that, on some letter?",
    "I wouldn't know. Where do I look for that?",
)
ASKS_MEANING: Final = (
    "What do you mean by that?",
    "Sorry, what does that mean exactly?",
    "I don't follow. What do you mean?",
)
MIXES_TERMS: Final = (
    "I always mix up what is a number of mine and what is a number of yours.",
    "I mix up all those ids and codes, so bear with me.",
    "I keep mixing up the ids that you people use.",
)
NOVICE: Final = (
    "I've never done this before.",
    "I'm not good with these things.",
    "This is my first time writing to a help desk.",
    "I'm new to all this, so please go slowly.",
    "I don't know how any of this works.",
)
EXPERT: Final = (
    "I know how this works.",
    "I've been through this process many times.",
    "I know your policy well.",
    "I do this all the time, so no need to explain.",
    "You can skip the basics, I know the procedure.",
)
FORMAL_REMARKS: Final = (
    "I would be most grateful for your assistance.",
    "Would you be so kind as to assist me?",
    "I kindly ask for your help.",
)
FORMAL_ENDS: Final = (
    "I am much obliged to you.",
    "With kind regards.",
    "I remain most grateful.",
)
FOREIGN_GREETINGS: Final = (
    "Hola,",
    "Bonjour,",
    "Guten Tag,",
    "Ciao,",
    "Hola amigo,",
    "Salut,",
)
FOREIGN_THANKS: Final = (
    "Muchas gracias.",
    "Merci beaucoup.",
    "Danke schön.",
    "Grazie mille.",
    "Gracias por todo.",
    "Merci d'avance.",
)
RAMBLE: Final = (
    "You know, it has been one of those weeks in which nothing wants to go as planned, and everything comes at once.",
    "I was going to write earlier, but then one thing led to another and the whole day was gone before I noticed.",
    "I don't want to take up much of your time, but I like to explain things properly so that nobody gets me wrong.",
    "Anyway, I talked it over at home for quite a while, back and forth, and we came to see that this is the way.",
    "It's not that I'm complaining, not at all, I just find it easier to put everything in writing in a quiet moment.",
    "As I always say, better to ask somebody who knows than to sit there guessing for half of the evening.",
    "To be honest, I put this off for a while because these things always seem bigger than they turn out to be.",
    "Well, where was I, I tend to lose the thread when I write, but I think you will see what I mean in the end.",
)
FALSE_CLAIM: Final = (
    "But a colleague of yours told me it was possible.",
    "That's odd, I was told that this would be no problem.",
    "Your colleague promised me that it could be done.",
    "I was assured that you do this for everyone.",
)
INSIST: Final = (
    "Can't you make an exception? I really want to {}.",
    "Please, just this once, let me {}.",
    "I'm asking again: I want to {}.",
    "There must be a way to {}.",
    "Please look again whether I can {}.",
    "I won't let go so easily, I want to {}.",
)
INTERRUPTED: Final = (
    "Sorry, someone was at the door, I'm back.",
    "One moment, the phone is ringing. So, I'm back.",
    "Excuse me, I was interrupted. I'm back now.",
    "Sorry, my child needed something. I'm back now.",
)
SPELLED: Final = ("Letter by letter:", "Let me spell it out:", "Spelled out, that is", "I'll spell that:")
FURTHER: Final = ("There is more:", "Also:", "And:", "Then:", "Next:", "")
DENY: Final = ("No, that's not what I want.", "No, don't do that.", "No, I don't agree to that.")
_TYPOS: Final = (
    "please:plese want:wnat would:woudl because:becuase with:wiht that:taht have:hvae there:thier "
    "should:shoud about:abuot thanks:thx could:coud help:hlep just:jsut which:wich this:tihs from:form "
    "what:waht the:teh and:adn i'm:im i'd:id like:liek need:neeed it's:its you:u"
)
TYPOS: Final = dict(pair.split(":") for pair in _TYPOS.split())
GRAMMAR: Final = (
    (r"\bI'd like to\b", "I am wanting to"),
    (r"\bI would like to\b", "I am wanting to"),
    (r"\bI want to\b", "I am wanting to"),
    (r"\bI need to\b", "I am needing to"),
    (r"\bI'm\b", "I am"),
    (r"\bthe \b", ""),
    (r"\bThe \b", ""),
    (r"\ba \b", ""),
    (r"\bis\b", "are"),
)
SECOND_LANGUAGE: Final = (
    "Excuse please my English.",
    "Sorry, English are not my first language.",
    "I am not speaking English so good.",
    "Please to excuse, I am still learning English.",
)
