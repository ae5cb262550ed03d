"""What makes an engine one that plugins can use: the link's server and its guests. And an engine that is only that."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from bridge.guests import Guests
from bridge.link import Link
from bridge.link_server import Server
from bridge.link_table import LinkError
from bridge.runtime_folder import engine_sockets, make_link_folder
from engine.errors import UserError
from engine.generators import Generators

LOOK_SECONDS = 0.1


class Serving:
    """Serves the link until it is closed. Raises UserError, one sentence, where that cannot be.

    `about` tells on what the engine itself plays, and which preset. [main-thread]
    """

    def __init__(self, generators: Generators, about: Callable[[], tuple[str, str]], draw: random.Random) -> None:
        folder = make_link_folder()
        self.guests = Guests(generators, about, draw)
        try:
            self._server = Server(folder, self.guests, f"ProducerGAN {metadata.version('producergan')}")
        except (UserError, OSError) as error:
            self.guests.close()
            if isinstance(error, UserError):
                raise
            raise UserError(f"The folder {folder} cannot be used for plugins: {error.strerror}.") from error
        self.path = self._server.path
        self._server.start()

    def close(self) -> None:
        """Ends every connection."""
        self._server.close()
        self.guests.close()


def serve_only(provider: str, seed: int | None, until_idle: float | None) -> None:
    """An engine that plays nothing itself, until Ctrl-C, or until nobody was connected for `until_idle` seconds.

    Raises UserError if it cannot be reached.
    """
    serving = Serving(Generators(provider), lambda: ("none", ""), random.Random(seed))
    guests = serving.guests
    try:
        if until_idle is not None and (other := older_engine(serving.path)) is not None:
            _say(f"There is an engine that plugins use already: {other}")
            return
        _say(f"Plugins are served at {serving.path}; Ctrl-C ends.")
        told = 0
        while until_idle is None or guests.idle_seconds < until_idle:
            if guests.count != told:
                told = guests.count
                _say(f"{told} connected." if told else "Nobody is connected.")
            time.sleep(LOOK_SECONDS)
        _say(f"Nobody was connected for {until_idle:g} seconds.")
    except KeyboardInterrupt:
        pass
    finally:
        serving.close()
    _say("Goodbye.")


def older_engine(own: Path) -> Path | None:
    """The socket of an engine that was there before this one and serves the same link; None if there is none.

    Of two that a player's plugins started at once, one so makes way for the other.
    """
    began = own.lstat().st_mtime_ns, os.getpid()
    for pid, path in engine_sockets(own.parent):
        try:
            if path != own and (path.lstat().st_mtime_ns, pid) < began:
                Link(path, "another engine", timeout=1.0).close()
                return path
        except (OSError, LinkError):  # it has gone, or is of another version
            continue
    return None


def _say(sentence: str) -> None:
    try:
        print(sentence, flush=True)
    except OSError:  # whoever started it listens no longer, and plugins are served all the same
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  (until the process ends)
