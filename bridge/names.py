"""Names of files that every system takes: letters, digits, dots, dashes; none that Windows keeps for itself."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 60  # characters: with a folder's path before it, far from where Windows ends
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # Windows' devices, whatever the ending


def safe_stem(text: str, otherwise: str = "sound") -> str:
    """What of a name can stand in a file's name everywhere; `otherwise` where nothing can."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", plain).strip("-_")[:LONGEST].strip("-_")
    return f"{stem}-{otherwise}" if RESERVED.fullmatch(stem) else stem or otherwise


def is_plain(name: str) -> bool:
    """Whether a file's name can be written as it is on every system, in one folder."""
    allowed = re.fullmatch(r"[^\x00-\x1f\x7f<>:\"/\\|?*]{1,120}", name) is not None
    return allowed and not RESERVED.fullmatch(name) and name[0] not in " .-~" and name[-1] not in " ."
