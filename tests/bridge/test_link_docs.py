"""docs/link.md says what the link does: its tables are current, its example is a frame, its limits are the code's."""

import re
from pathlib import Path

from bridge import guest, guests, link_connection, link_server, link_source
from bridge.link_frame import Decoder
from bridge.link_table import LINK_VERSION, MAX_BODY, MAX_HEAD, TO_ENGINE

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "link.md").read_text()


def test_the_tables_of_messages_are_current():
    assert TEXT.endswith(link_source.markdown().rstrip() + "\n"), "its end is what `python -m bridge.link_table` prints"


def test_the_example_is_a_frame():
    lengths, head = re.search(r"with the bytes `([0-9a-f ]+)` and then `(.*)`", TEXT).groups()
    (hello,) = Decoder(TO_ENGINE).feed(bytes.fromhex(lengths) + head.encode())
    assert hello.fields["version"] == LINK_VERSION


def test_the_limits_are_the_codes():
    for said in (
        f"2 to {MAX_HEAD:,}",
        f"0 to {MAX_BODY:,}",
        f"| {link_server.MOST_CLIENTS}; the next is refused |",
        f"| until `hello` | {link_connection.HELLO_SECONDS:g} s |",
        f"dropped after {link_connection.STALL_SECONDS:g} s",
        f"| {link_connection.ROOM_BYTES >> 20} MiB; then blocks",
        f"{link_connection.MOST_WAITING} messages or {link_connection.MOST_WAITING_BYTES >> 20} MiB",
        f"about {link_connection.COSTS_PER_SECOND:,.0f} messages",
        f"`need`s that wait | {guest.MOST_NEEDS};",
        f"as is handled in {guest.TURN_SECONDS * 1000:g} ms",
        f"| clips of one preset | {guests.MOST_CLIP_BYTES >> 30} GiB in all |",
        f"with the link's version, {LINK_VERSION}.",
    ):
        assert said in TEXT, said
