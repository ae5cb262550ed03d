"""Opens instrument files (ONNX) and checks everything that playing relies on."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine import latent
from engine.errors import UserError

if TYPE_CHECKING:
    import onnx
    import onnxruntime

FORMAT = 1
MIN_OPSET = 17
MAX_FILE_BYTES = 1 << 31  # where ONNX itself ends; a generator of 200 MB is already a large one
STANDARD_DOMAINS = ("", "ai.onnx")


@dataclass(frozen=True)
class Direction:
    """A named way through latent space: a unit vector, the range of amounts and how well it was measured to sort."""

    vector: latent.Latent
    range: tuple[float, float]
    rank_correlation: float | None


@dataclass(frozen=True)
class Favourite:
    """A seed worth starting from, with its measured descriptors."""

    seed: int
    descriptors: Mapping[str, Any]


@dataclass(frozen=True)
class Instrument:
    """An exported generator. `Instrument.open` makes it; nothing is computed before `generate` or `warm`."""

    path: Path
    digest: str  # SHA-256 of the file, in hexadecimal
    name: str
    sample_rate: int  # Hz
    channels: int
    clip_frames: int
    latent_dim: int
    prior: str
    directions: Mapping[str, Direction]
    favourites: tuple[Favourite, ...]
    provenance: Mapping[str, Any]
    licence: str
    model: bytes = field(repr=False, compare=False)  # the file as it was read: the session matches the digest for sure

    @property
    def seconds(self) -> float:
        """The length of a clip."""
        return self.clip_frames / self.sample_rate

    @classmethod
    def open(cls, path: str | Path) -> Instrument:
        """Reads and checks an instrument file. Raises UserError, one sentence, for whatever is wrong with it."""
        path = Path(path)
        if not path.is_file():
            raise UserError(f"The instrument {path} does not exist; check the name.")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise UserError(f"{path} has {path.stat().st_size >> 20} MiB, too much for an instrument; is it one?")
        data = path.read_bytes()
        model = _parse(data, path)
        fields = _read_fields({entry.key: entry.value for entry in model.metadata_props}, path)
        _check_operators(model, path)
        _check_signature(model.graph, fields, path)
        return cls(path=path, digest=hashlib.sha256(data).hexdigest(), model=data, **fields)

    def warm(self) -> None:
        """Builds the session now, not at the first `generate`."""
        _ = self._session

    def generate(self, z: ArrayLike, start: int = 0, stop: int | None = None) -> NDArray[np.float32]:
        """Makes sounds: z [batch, latent_dim] (or one latent [latent_dim]) → float32 [batch, channels, frames].

        Frames `start` to `stop` of the clip (all of it unless said), in [−1, 1], computed on the CPU. Raises ValueError
        for a z of another shape or a window outside the clip. [thread-safe]
        """
        latents = np.atleast_2d(np.asarray(z, np.float32))
        stop = self.clip_frames if stop is None else stop
        if latents.ndim != 2 or latents.shape[1] != self.latent_dim:
            raise ValueError(f"z has the shape {latents.shape}, but {self.name} takes [batch, {self.latent_dim}]")
        if not 0 <= start < stop <= self.clip_frames:
            raise ValueError(f"the window {start} to {stop} is not within the clip's {self.clip_frames} frames")
        window = np.array([start, stop], np.int64)
        audio: NDArray[np.float32] = self._session.run(["audio"], {"z": latents, "window": window})[0]
        return audio

    @functools.cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        from engine.session import open_session

        return open_session(self.model, str(self.path), "cpu")[0]


def _parse(data: bytes, path: Path) -> onnx.ModelProto:
    import onnx
    from google.protobuf.message import DecodeError

    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
        understood = model.ir_version > 0 and len(model.graph.node) > 0
    except (DecodeError, UnicodeDecodeError):
        understood = False
    if not understood:
        raise UserError(f"{path} is not an ONNX file, or it is damaged; export the instrument again.")
    return model


def _whole(low: int, high: int, unit: str) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError(f"it must be from {low} to {high}{unit}")
        return value

    return parse


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError("it is empty")
    return text


def _prior(text: str) -> str:
    if text not in latent.PRIORS:
        raise ValueError(f"it must be {' or '.join(latent.PRIORS)}")
    return text


def _json_object(text: str) -> Mapping[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("it must be a JSON object")
    return MappingProxyType(value)


def _directions(text: str) -> Mapping[str, Direction]:
    directions = {}
    for name, row in _json_object(text).items():
        if not name.strip():
            raise ValueError("a direction has no name")
        vector = np.array(row["vector"], np.float32)
        low, high = (float(end) for end in row["range"])
        if vector.ndim != 1 or not np.isfinite(vector).all() or abs(float(np.linalg.norm(vector)) - 1) > 1e-3:
            raise ValueError(f"{name!r} is not a unit vector")
        if not -1e3 <= low < high <= 1e3:
            raise ValueError(f"{name!r} has no range of amounts")
        correlation = row.get("rank_correlation")
        vector.flags.writeable = False
        directions[name] = Direction(vector, (low, high), None if correlation is None else float(correlation))
    return MappingProxyType(directions)


def _favourites(text: str) -> tuple[Favourite, ...]:
    favourites = []
    for row in json.loads(text):
        seed = row["seed"]
        if type(seed) is not int or not 0 <= seed <= latent.MAX_SEED:
            raise ValueError(f"{seed!r} is not a seed")
        favourites.append(Favourite(seed, MappingProxyType(dict(row.get("descriptors", {})))))
    return tuple(favourites)


# Field of the file's metadata → how it is read and checked. The limits are far above what anyone trains.
FIELDS: dict[str, Callable[[str], Any]] = {
    "producergan.format": _whole(1, 2**31, ""),
    "name": _text,
    "sample_rate": _whole(4000, 384_000, " Hz"),
    "channels": _whole(1, 2, ""),
    "clip_frames": _whole(64, 1 << 22, " frames"),
    "latent_dim": _whole(1, 4096, ""),
    "prior": _prior,
    "directions": _directions,
    "favourites": _favourites,
    "provenance": _json_object,
    "licence": _text,
}


def _read_fields(metadata: Mapping[str, str], path: Path) -> dict[str, Any]:
    if "producergan.format" not in metadata:
        raise UserError(
            f"{path} is an ONNX file but no instrument: it has no field 'producergan.format'; "
            f"instruments are made by 'trainer export'."
        )
    if metadata.get("kind") == "encoder":
        raise UserError(
            f"{path} is the encoder that lies beside an instrument and finds sounds in it; name the instrument's own "
            "file."
        )
    fields = {}
    for name, parse in FIELDS.items():
        if name not in metadata:
            raise UserError(f"The instrument {path} has no field {name!r}; export it again with 'trainer export'.")
        try:
            fields[name] = parse(metadata[name])
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
            shown = metadata[name] if len(metadata[name]) <= 40 else metadata[name][:40] + "…"
            reason = f"{error.args[0]!r} is missing in it" if isinstance(error, KeyError) else str(error)
            raise UserError(f"The instrument {path} has a wrong field {name!r} ({shown!r}): {reason}.") from error
    version = fields.pop("producergan.format")
    if version != FORMAT:
        raise UserError(
            f"The instrument {path} has format {version}, but this version of ProducerGAN reads format {FORMAT}; "
            f"install a newer version."
        )
    for name, direction in fields["directions"].items():
        if direction.vector.size != fields["latent_dim"]:
            raise UserError(
                f"The instrument {path} has a wrong field 'directions': {name!r} has {direction.vector.size} numbers "
                f"where the latent has {fields['latent_dim']}."
            )
    return fields


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """A graph and those inside its nodes (branches, loops)."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                if inner.node:
                    yield from _graphs(inner)


def _check_operators(model: onnx.ModelProto, path: Path) -> None:
    import onnx

    opsets = {entry.domain: entry.version for entry in model.opset_import}
    opset = max((opsets.get(domain, 0) for domain in STANDARD_DOMAINS), default=0)
    if opset < MIN_OPSET:
        raise UserError(
            f"The instrument {path} has opset {opset}, but at least {MIN_OPSET} is needed; export it again."
        )
    for graph in _graphs(model.graph):
        for node in graph.node:
            if node.domain not in STANDARD_DOMAINS:
                raise UserError(
                    f"The instrument {path} needs the custom operator {node.op_type!r} of {node.domain!r}; "
                    f"instruments use standard ONNX operators only."
                )
            if not onnx.defs.has(node.op_type):
                raise UserError(
                    f"The instrument {path} needs {node.op_type!r}, which is no standard ONNX operator; "
                    f"instruments use standard ones only."
                )
        attributes = [attribute for node in graph.node for attribute in node.attribute]
        tensors = [*graph.initializer, *(t for a in attributes for t in (a.t, *a.tensors))]
        if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in tensors) or any(
            tensor.values.data_location == onnx.TensorProto.EXTERNAL for tensor in graph.sparse_initializer
        ):
            raise UserError(
                f"The instrument {path} keeps weights in another file; an instrument is one file: export it again."
            )


def _check_signature(graph: onnx.GraphProto, fields: Mapping[str, Any], path: Path) -> None:
    """Inputs z [batch, latent_dim] and window [2], output audio [batch, channels, frames]; batch and frames free."""
    import onnx

    real, whole = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64
    weights = {tensor.name for tensor in graph.initializer}
    wanted: tuple[tuple[str, list[Any], dict[str, tuple[int, list[int | None]]]], ...] = (
        (
            "input",
            [value for value in graph.input if value.name not in weights],
            {"z": (real, [None, fields["latent_dim"]]), "window": (whole, [2])},
        ),
        ("output", list(graph.output), {"audio": (real, [None, fields["channels"], None])}),
    )
    for kind, values, table in wanted:
        names = sorted(value.name for value in values)
        if names != sorted(table):
            raise UserError(
                f"The instrument {path} has the {kind}s {', '.join(names) or 'none'} instead of {', '.join(table)}; "
                f"export it again with 'trainer export'."
            )
        for value in values:
            tensor = value.type.tensor_type
            dims = [dim.dim_value if dim.HasField("dim_value") else None for dim in tensor.shape.dim]
            element, shape = table[value.name]
            # A size may be left open by the exporter; a free dimension may not be fixed.
            fits = len(dims) == len(shape) and all(
                have is None or have == want for have, want in zip(dims, shape, strict=True)
            )
            if tensor.elem_type != element or not fits:
                element_name = onnx.TensorProto.DataType.Name(element).lower()
                text = ", ".join("any" if size is None else str(size) for size in shape)
                raise UserError(
                    f"The instrument {path} has an {kind} {value.name!r} of another shape or type than "
                    f"{element_name} [{text}]; export it again with 'trainer export'."
                )
