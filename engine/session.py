"""Opens onnxruntime sessions: which provider computes, and settings that leave the audio thread in peace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import UserError, reason
from engine.platform import available_cores

if TYPE_CHECKING:
    import onnxruntime

# Short name → onnxruntime's name, fastest first: the order in which "auto" tries them.
PROVIDERS = {
    "cuda": "CUDAExecutionProvider",
    "migraphx": "MIGraphXExecutionProvider",
    "rocm": "ROCMExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "cpu": "CPUExecutionProvider",
}

# A window must equal the same slice of the whole clip to 1e-4, which TF32's ten bits of mantissa cannot promise.
PROVIDER_OPTIONS = {"cuda": {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}}


def present_providers() -> list[str]:
    """The short names of the providers that this installation of onnxruntime has, fastest first."""
    available = set(_onnxruntime().get_available_providers())
    return [name for name, full in PROVIDERS.items() if full in available]


def default_threads() -> int:
    """All the cores that this process may use but one, which is the audio thread's."""
    return max(1, available_cores() - 1)


def open_session(
    model: bytes, label: str, provider: str = "auto", threads: int | None = None
) -> tuple[onnxruntime.InferenceSession, str]:
    """A session for a model and the short name of the provider that it really uses.

    `provider` is "auto" or a name of `PROVIDERS`. Raises UserError if one asked for by name is absent or will not
    start, or if onnxruntime refuses the model, which the message calls `label`.
    """
    present = present_providers()
    if provider != "auto" and provider not in present:
        raise UserError(f"The provider {provider!r} is not there; this installation has {', '.join(present)}.")
    wanted = present if provider == "auto" else [provider]
    for name in wanted:
        session = _try_session(model, label, name, threads or default_threads())
        # onnxruntime falls back to the CPU without a word when a GPU's libraries are missing: only the session knows.
        if session is not None and PROVIDERS[name] in session.get_providers():
            return session, name
    raise UserError(
        f"The provider {provider!r} would not start with {label}; its driver or libraries may be missing: "
        f"use another of {', '.join(present)}."
    )


def _try_session(model: bytes, label: str, provider: str, threads: int) -> onnxruntime.InferenceSession | None:
    ort = _onnxruntime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what goes wrong is said by the exception
    # Spinning threads would take the cores that the audio and MIDI threads wake on.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    providers: list[tuple[str, dict[str, str]]] = [(PROVIDERS[provider], PROVIDER_OPTIONS.get(provider, {}))]
    if provider != "cpu":
        providers.append((PROVIDERS["cpu"], {}))  # for single operators that the other cannot do
    try:
        return ort.InferenceSession(model, options, providers=providers)
    except Exception as error:  # onnxruntime's exceptions have no common class of their own
        if provider == "cpu":
            raise UserError(f"onnxruntime cannot run {label}: {reason(error)}") from error
        return None


def _onnxruntime() -> Any:
    """The module, imported where it is first needed: it takes 0.2 s."""
    try:
        import onnxruntime
    except ImportError as error:
        raise UserError(
            "onnxruntime is not installed; install ProducerGAN with '.[cpu]', or '.[gpu]' for an NVIDIA card."
        ) from error
    return onnxruntime
