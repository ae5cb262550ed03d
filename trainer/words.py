"""Numbers and times in words."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """So many of something: 1 clip, 1,200 clips."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def in_words(seconds: float) -> str:
    """A length of time in round words: 10 minutes, 1 hour."""
    size, unit = (3600, "hour") if seconds >= 3600 else (60, "minute") if seconds >= 60 else (1, "second")
    return counted(round(seconds / size), unit)


def duration(seconds: float) -> str:
    """A length of time as 1 h 05 min, 12 min 30 s or 45 s."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"
