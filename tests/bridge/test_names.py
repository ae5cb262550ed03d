"""Names of files that every system takes."""

from __future__ import annotations

import pytest

from bridge.names import is_plain, safe_stem


@pytest.mark.parametrize(
    ("text", "stem"),
    [
        ("Drums", "Drums"),
        ("My kit, no. 2", "My-kit-no-2"),
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\kits\\a", "C-kits-a"),
        ("Grüße", "Grue"),
        ("con", "con-kit"),
        ("LPT1", "LPT1-kit"),
        ("音", "kit"),
        ("", "kit"),
        ("x" * 200, "x" * 60),
    ],
)
def test_a_stem_is_made_of_what_every_system_takes(text: str, stem: str) -> None:
    assert safe_stem(text, "kit") == stem
    assert is_plain(safe_stem(text, "kit"))


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/b",
        "a\\b",
        "/a",
        "C:a",
        "a:b",
        "nul",
        "NUL.txt",
        "com1.onnx",
        "a.",
        "a ",
        " a",
        ".a",
        "a\x00b",
        "a*",
        "a\nb",
        "-a",
        "~a",
        "x" * 200,
    ],
)
def test_what_some_system_takes_otherwise_is_not_plain(name: str) -> None:
    assert not is_plain(name)
