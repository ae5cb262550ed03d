"""The player's favourite sounds: one text file, a sound string a line, with a name after a space where there is one.

Lines that are no sound string, such as damaged ones, are kept as they are and passed over.
"""

from __future__ import annotations

from pathlib import Path

from engine.errors import UserError
from engine.files import replacing
from engine.platform import data_folder
from engine.sound_string import SoundString

FILE_NAME = "favourites.txt"
TEXT_OR_NOT = "surrogateescape"  # what is no text is written again as it was read


def favourites_path() -> Path:
    """Where the user's own are."""
    return data_folder() / FILE_NAME


class Favourites:
    """The favourites in a file, which is read anew each time, since others may write it too. [main-thread]"""

    def __init__(self, path: Path) -> None:
        self.path = path

    def of(self, digest: str) -> list[SoundString]:
        """Those of the instrument with this digest, in the order in which they were added."""
        return [string for string, _ in self._read() if string is not None and digest.startswith(string.digest)]

    def add(self, string: SoundString) -> bool:
        """Adds a sound; False if it is there already. Raises UserError if the file cannot be written."""
        rows = self._read()
        if any(other == string for other, _ in rows):
            return False
        self._write([line for _, line in rows] + [str(string)])
        return True

    def _read(self) -> list[tuple[SoundString | None, str]]:
        """Each line with the sound string that it begins with."""
        try:
            text = self.path.read_bytes().decode("utf-8", TEXT_OR_NOT)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise UserError(f"The favourites in {self.path} cannot be read: {error.strerror}.") from error
        return [(_parse(line), line) for line in text.split("\n") if line.strip()]

    def _write(self, lines: list[str]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self.path) as temporary:
            temporary.write_bytes("".join(f"{line}\n" for line in lines).encode("utf-8", TEXT_OR_NOT))


def _parse(line: str) -> SoundString | None:
    try:
        return SoundString.parse(line.split(maxsplit=1)[0])
    except UserError:
        return None
