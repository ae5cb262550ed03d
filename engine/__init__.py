"""Plays instruments: the sampler, the generator and the loop that joins them. Knows nothing of torch."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine import latent as latent
    from engine.instrument import Instrument as Instrument
    from engine.offline import render as render

# Public name → (module, its name there; "" for the module itself), loaded when first asked for: `--help` loads none.
_PUBLIC = {
    "Instrument": ("engine.instrument", "Instrument"),
    "latent": ("engine.latent", ""),
    "render": ("engine.offline", "render"),
}

__all__ = ["Instrument", "latent", "render"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    module, attribute = _PUBLIC[name]
    loaded = importlib.import_module(module)
    return getattr(loaded, attribute) if attribute else loaded
