"""The messages of the link, declared once: both ends' checks, docs/link.md and the plugin's header come from here.

`python -m bridge.link_table --header` prints bridge/plugin/source/link_table.hpp, `--docs` the table of docs/link.md.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from engine._native import MAX_LAYERS, MAX_SIBLINGS, MAX_VARIANTS, MAX_ZONES
from engine.macro import MACROS, POLY_PRESSURE

LINK_VERSION = 1
MAX_HEAD = 1 << 20  # bytes of JSON: a preset's text and all its zones are a tenth of it
MAX_BODY = 4 << 20  # bytes of audio
MAX_DEPTH = 16  # of the JSON's nesting

WHOLE = 2**53 - 1  # the largest whole number that every JSON reader keeps
KEY, VARIANT, ZONE = 127, MAX_VARIANTS - 1, MAX_ZONES - 1
LONGEST_NAME, LONGEST_PATH, LONGEST_SENTENCE, LONGEST_TEXT = 256, 4096, 4096, 512 << 10  # bytes of UTF-8
MOST_SOUNDS = 16384  # names in one message
MOST_PRESETS = 2048  # likewise
SOUND_DIGITS = 32
CHANNELS, CLIP_FRAMES, RATES = 2, 1 << 22, (4000, 768_000)  # what an instrument and an output may have

TO_ENGINE, TO_CLIENT = "to_engine", "to_client"
DIRECTIONS = {TO_ENGINE: "client → engine", TO_CLIENT: "engine → client"}


class LinkError(Exception):
    """What came, or was to be sent, is no message of the link. The text is one sentence."""


@dataclass(frozen=True)
class Field:
    """A field of a message, of a record in one, a column of a row, or (without a name) what a list is made of.

    `minimum` and `maximum` bound an integer or number, a text's bytes of UTF-8, or how many things a list or `values`
    has. `element`: the one thing that a list or `values` is made of; the fields of a record; the columns of a row.
    """

    name: str
    kind: str  # a name of KINDS
    minimum: float = 0
    maximum: float = 0
    element: tuple[Field, ...] = ()
    meaning: str = ""


@dataclass(frozen=True)
class Message:
    """A row of the table. `body` is "none", or "audio": float32, little-endian, [channels][`frames`]."""

    type: str
    direction: str
    fields: tuple[Field, ...]
    meaning: str
    body: str = "none"


# Kind → what it is in JSON.
KINDS = {
    "integer": "a whole number",
    "number": "a finite number",
    "boolean": "true or false",
    "text": "text without NUL; its bounds count bytes of UTF-8",
    "sound": f"a sound's name: {SOUND_DIGITS} digits 0-9 a-f",
    "list": "a list of things of one kind",
    "row": "a list of exactly these columns",
    "record": "an object of exactly these fields",
    "values": "an object of names and numbers",
}


def integer(name: str, minimum: int, maximum: int = WHOLE, meaning: str = "") -> Field:
    return Field(name, "integer", minimum, maximum, (), meaning)


def number(name: str, minimum: float, maximum: float, meaning: str = "") -> Field:
    return Field(name, "number", minimum, maximum, (), meaning)


def boolean(name: str, meaning: str = "") -> Field:
    return Field(name, "boolean", 0, 0, (), meaning)


def text(name: str, longest: int, meaning: str = "", shortest: int = 0) -> Field:
    return Field(name, "text", shortest, longest, (), meaning)


def sound(name: str, meaning: str = "") -> Field:
    return Field(name, "sound", SOUND_DIGITS, SOUND_DIGITS, (), meaning)


def many(name: str, most: int, element: Field, meaning: str = "", least: int = 0) -> Field:
    """A list of `least` to `most` elements."""
    return Field(name, "list", least, most, (element,), meaning)


def row(*columns: Field) -> Field:
    return Field("", "row", len(columns), len(columns), columns)


def record(name: str, *fields: Field, meaning: str = "") -> Field:
    return Field(name, "record", len(fields), len(fields), fields, meaning)


def values(name: str, meaning: str) -> Field:
    return Field(name, "values", 0, 256, (number("", -1e9, 1e9),), meaning)


_ZONE = integer("zone", 0, ZONE)
_KEY = integer("key", 0, KEY)
_VARIANT = integer("variant", 0, VARIANT)
_SERIAL = integer("serial", 0, meaning="of the program")
_KEYS = integer("", 0, KEY)

HANDS = (
    many("positions", MACROS, number("", 0, 1), "of the macros 1 to 8", least=MACROS),
    many("morph", 2, number("", -1, 1), "added to x and y of every path zone", least=2),
    many(
        "touches",
        (KEY + 1) * MACROS,
        row(_KEY, integer("macro", 1, MACROS), number("position", 0, 1)),
        "macros that single keys move (poly pressure, MPE)",
    ),
    many(
        "turns",
        16384,
        row(_ZONE, _KEY, _VARIANT, integer("turn", 0, 2**31)),
        "how often a slot of a fresh zone was played; the key is the slot key",
    ),
)

VOICE = row(
    integer("voice", 0, meaning="grows with each that begins"),
    integer("serial", 0, meaning="of the program that it began with; 0 for one that is not of this connection"),
    _ZONE,
    _KEY,
    integer("slot_key", 0, KEY),
    _VARIANT,
    integer("channel", 0, 15),
    number("position", -1e9, 1e9, "frames of the clip; reversed: from where the sound begins"),
    number("step", -1e4, 1e4, "frames of the clip a frame of the output"),
    integer("loop_start", 0, CLIP_FRAMES),
    integer("loop_end", 0, CLIP_FRAMES),
    integer("loop_fade", 0, CLIP_FRAMES),
    boolean("looping"),
    boolean("reverse"),
    boolean("released"),
)

PROGRAM = (
    _SERIAL,
    text("name", LONGEST_NAME),
    text("text", LONGEST_TEXT, "the preset's TOML as it stands"),
    text("folder", LONGEST_PATH, "from which it names its instrument"),
    record(
        "instrument",
        text("name", LONGEST_NAME),
        text("digest", 64, "SHA-256 of the file, hexadecimal", shortest=64),
        integer("sample_rate", RATES[0], RATES[1], "Hz"),
        integer("channels", 1, CHANNELS),
        integer("clip_frames", 1, CLIP_FRAMES),
    ),
    many(
        "zones",
        MAX_ZONES,
        record(
            "",
            text("name", LONGEST_NAME),
            many("keys", KEY + 1, _KEYS, "that sound, ascending; keys that draw new seeds are left out"),
            boolean("shared", "all keys play one sound at pitch: that of the slot key `root`"),
            integer("root", 0, KEY),
            integer("siblings", 1, MAX_SIBLINGS),
            integer("layers", 1, MAX_LAYERS),
            boolean("fresh"),
            boolean("path", "it can be morphed"),
            many("locked", KEY + 1, _KEYS),
            values("parameters", "every zone parameter's own value, before macros move it"),
        ),
        least=1,
    ),
    values("play", "every play parameter's own value, before macros move it"),
    many("claimed", 128, integer("", 0, 127), "controllers that are a macro's or a trigger's"),
    many(
        "triggers",
        2,
        row(boolean("all"), boolean("note"), integer("number", 0, 127)),
        "a note, or a controller's value above 63, that asks for `reroll` of all keys, or of the last played one",
    ),
    many(
        "macros",
        MACROS,
        record(
            "",
            integer("id", 1, MACROS),
            text("name", LONGEST_NAME),
            number("position", 0, 1),
            integer("controller", -1, POLY_PRESSURE, "−1 none, 128 pressure, 129 poly pressure"),
            number("minimum", 0, 1, "position at the controller's lowest value"),
            number("maximum", 0, 1, "and at its highest"),
            boolean("pick_up"),
            boolean("used", "it moves anything, sounds or parameters"),
            boolean("sounds", "it moves which sounds are played"),
            many(
                "targets",
                1024,
                record(
                    "",
                    integer("zone", -1, ZONE, "−1 all"),
                    boolean("play", "a play parameter"),
                    text("id", 64),
                    number("low", -1e9, 1e9),
                    number("high", -1e9, 1e9),
                    text("curve", 16, "linear or exponential"),
                ),
                "the sampler parameters that it moves, in order; later ones win",
            ),
        ),
        least=MACROS,
    ),
)

CLIENT = record(
    "",
    text("client", LONGEST_NAME),
    integer("pid", 0),
    text("preset", LONGEST_NAME, "its name; empty before there is one"),
    integer("pending", 0, meaning="sounds that it waits for"),
    integer("sent", 0, meaning="bytes"),
)

MESSAGES = (
    Message(
        "hello",
        TO_ENGINE,
        (integer("version", 0), text("client", LONGEST_NAME, shortest=1), integer("pid", 0)),
        "The first message. `client` says who it is, for people to read. Answer: `welcome` or `refused`.",
    ),
    Message(
        "open",
        TO_ENGINE,
        (
            number("rate", *RATES, "of the output, Hz"),
            text("name", LONGEST_PATH, "a bundled preset's name, a preset's path or an instrument's path"),
            text("text", LONGEST_TEXT, "a preset's TOML; where it is not empty, `name` only names it"),
            text("folder", LONGEST_PATH, "from which `text` names its instrument"),
        ),
        "The preset to play. Answer: `program`, the first one at once, a later one when its keys can begin; or "
        "`problem`, and what there was goes on. `hands` that follow are meant for it. Send `have` before it.",
    ),
    Message("rate", TO_ENGINE, (number("rate", *RATES, "Hz"),), "The output's rate is another one now."),
    Message(
        "hands",
        TO_ENGINE,
        (integer("version", 0), *HANDS),
        "Where the hands stand, whole; the newest counts. `version` grows.",
    ),
    Message(
        "voices",
        TO_ENGINE,
        (
            integer("clock", 0, meaning="frames of the output since the client began, when the voices stood so"),
            many("voices", 512, VOICE),
        ),
        "What sounds, all of it, so that its blocks come first: 20 to 100 times a second while anything sounds, and "
        "once when nothing does any more. The newest counts.",
    ),
    Message(
        "have",
        TO_ENGINE,
        (many("sounds", MOST_SOUNDS, sound("")),),
        "Clips that the client has whole, beside those said before and those that it was sent whole: they are neither "
        "made nor sent, only told by `set`.",
    ),
    Message(
        "lost",
        TO_ENGINE,
        (many("sounds", MOST_SOUNDS, sound("")),),
        "Clips that it has no longer, whole or in part: they are sent again when they are wanted.",
    ),
    Message(
        "need",
        TO_ENGINE,
        (integer("id", 0), *HANDS, many("slots", 4096, row(_ZONE, _KEY, _VARIANT))),
        "For an offline render: the sounds of these slots with these hands, whole, each made by itself as `engine "
        "render` makes it. Answer: `clip` and `blocks`, then `done`. A clip that the client has by playing or by "
        "`have` differs in its last bits and is sent anew; one that was sent for a `need` is not sent again.",
    ),
    Message(
        "reroll",
        TO_ENGINE,
        (integer("key", -1, KEY, "−1 all"),),
        "New seeds for a key or for all; locked keys keep theirs. Answer: `edited`.",
    ),
    Message("lock", TO_ENGINE, (_KEY, boolean("on")), "Locks a key against new seeds, or frees it. Answer: `edited`."),
    Message("undo", TO_ENGINE, (), "Takes back the last new seed, lock or pasted sound. Answer: `edited`."),
    Message(
        "paste",
        TO_ENGINE,
        (_KEY, text("text", 1 << 16, "a sound string")),
        "Gives a key the sound of a sound string; in a fresh zone its turns begin at 0 again. Answer: `edited` and "
        "`notice`, or `problem`.",
    ),
    Message("copy", TO_ENGINE, (_KEY, _VARIANT), "Asks for a key's sound string as the hands stand. Answer: `sound`."),
    Message("presets", TO_ENGINE, (), "Asks which presets there are. Answer: `presets`."),
    Message("ask", TO_ENGINE, (), "Asks who is connected. Answer: `report`."),
    Message(
        "welcome",
        TO_CLIENT,
        (integer("version", 0), text("engine", LONGEST_NAME, "its name and version, for people to read")),
        "The handshake is done.",
    ),
    Message(
        "refused",
        TO_CLIENT,
        (text("reason", LONGEST_SENTENCE, "a sentence"),),
        "The engine will not go on with this client; it closes the connection.",
    ),
    Message(
        "presets",
        TO_CLIENT,
        (
            many(
                "presets",
                MOST_PRESETS,
                row(text("name", LONGEST_NAME), text("path", LONGEST_PATH), text("about", LONGEST_SENTENCE)),
            ),
        ),
        "The bundled presets, and those in the folder of the one that is open; `open` takes the path.",
    ),
    Message(
        "problem",
        TO_CLIENT,
        (text("reason", LONGEST_SENTENCE, "a sentence"),),
        "What was asked for cannot be done; the client plays on.",
    ),
    Message("notice", TO_CLIENT, (text("text", LONGEST_SENTENCE, "a sentence"),), "Something to show."),
    Message(
        "program",
        TO_CLIENT,
        PROGRAM,
        "What is played from now on; its clip table is empty until `set` fills it. Serials differ between programs and "
        "between running engines.",
    ),
    Message(
        "edited",
        TO_CLIENT,
        (
            text("text", LONGEST_TEXT, "the preset's TOML as it stands"),
            many("locked", MAX_ZONES, row(_ZONE, many("keys", KEY + 1, _KEYS)), "of every zone that has any"),
        ),
        "How the preset stands after `reroll`, `lock`, `undo` or `paste`.",
    ),
    Message(
        "clip",
        TO_CLIENT,
        (
            sound("sound"),
            integer("channels", 1, CHANNELS),
            integer("frames", 1, CLIP_FRAMES),
            integer("sample_rate", RATES[0], RATES[1], "Hz"),
        ),
        "A clip begins, empty: in the place of one of this name that the client may have, which what plays it goes on "
        "with. It may come before anything is told to play it.",
    ),
    Message(
        "blocks",
        TO_CLIENT,
        (
            sound("sound"),
            integer("start", 0, CLIP_FRAMES, "frames, a multiple of 1024"),
            integer("frames", 1, CLIP_FRAMES, "a multiple of 1024 unless the clip ends there"),
        ),
        "Frames of a clip that has begun; the body has as many channels as the clip.",
        "audio",
    ),
    Message(
        "set",
        TO_CLIENT,
        (
            _SERIAL,
            integer("version", 0, meaning="of the hands that it answers; 0 before there were any"),
            _ZONE,
            integer("key", 0, KEY, "the slot key"),
            _VARIANT,
            sound("sound"),
        ),
        "The clip-table message: this slot plays this sound. Its `clip` was sent, or the client has it.",
    ),
    Message(
        "settled",
        TO_CLIENT,
        (integer("version", 0),),
        "Everything that these hands want was sent and set, whole.",
    ),
    Message(
        "status",
        TO_CLIENT,
        (integer("pending", 0, meaning="sounds that are not whole"), integer("generated", 0)),
        "How far it is, a few times a second while it works.",
    ),
    Message(
        "done",
        TO_CLIENT,
        (
            integer("id", 0),
            many("sounds", 4096, sound(""), "in the order of the slots"),
            text("reason", LONGEST_SENTENCE, "empty, or a sentence where it cannot be done: there are no sounds then"),
        ),
        "Answers `need`: the client has all these clips whole.",
    ),
    Message("sound", TO_CLIENT, (_KEY, text("text", 1 << 16, "a sound string")), "Answers `copy`."),
    Message(
        "report",
        TO_CLIENT,
        (
            integer("pid", 0),
            text("audio", LONGEST_NAME, 'what the engine itself plays on; "none" where it only serves'),
            text("preset", LONGEST_NAME, "what it plays itself"),
            many("clients", 64, CLIENT, "without the one that asks"),
        ),
        "Answers `ask`.",
    ),
)

BY_TYPE: Mapping[tuple[str, str], Message] = {(row_.direction, row_.type): row_ for row_ in MESSAGES}


def most_body(direction: str) -> int:
    """The largest body that any message of this direction may have, in bytes."""
    return MAX_BODY if any(row_.body != "none" for row_ in MESSAGES if row_.direction == direction) else 0


if __name__ == "__main__":
    from bridge import link_source

    sys.stdout.write(link_source.header() if "--header" in sys.argv[1:] else link_source.markdown())
