"""Models by name: a shape trained from scratch, a folder, or a name on a hub; and their digests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError
from transformers import OPTConfig, OPTForCausalLM
from transformers.utils import logging

from archive.digest import canonical_json, sha256_file, sha256_hex
from archive.errors import EnvironmentFailed, UsageError
from archive.replay.opt.presets import SHAPES, Shape
from archive.replay.tiers import BLOCK

POSITIONS: Final = 2 * BLOCK + 1
"""The beginning, a prompt and what follows it."""

_READ: Final = ("*.json", "*.txt", "*.safetensors")
_IGNORED: Final = ("*/*",)


def shape_of(model: str) -> Shape | None:
    return SHAPES.get(model)


def random_weights(shape: Shape, vocabulary: int) -> OPTForCausalLM:
    """A new model of a shape, drawn from torch's own generator."""
    config = OPTConfig(
        vocab_size=vocabulary,
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        ffn_dim=shape.inner,
        max_position_embeddings=POSITIONS,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=None,
    )
    return OPTForCausalLM(config)


def read_weights(folder: Path) -> OPTForCausalLM:
    """The model of a folder, in single precision. Raises UsageError where weights are lacking."""
    reader: Any = OPTForCausalLM
    try:
        with quiet():
            read, told = reader.from_pretrained(
                folder, local_files_only=True, dtype="float32", output_loading_info=True
            )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise UsageError(
            f"{folder} holds no model that can be read: {str(error).splitlines()[0]}",
            next_step="give a folder with config.json and model.safetensors, as save_pretrained"
            " writes it",
        ) from error
    lacking = sorted(told["missing_keys"])
    if lacking:
        raise UsageError(
            f"the weights in {folder} lack {len(lacking)} parts, {lacking[0]} among them",
            next_step="they are of another configuration, or not whole: copy the folder again",
        )
    network: OPTForCausalLM = read
    return network


def write_weights(network: OPTForCausalLM, folder: Path) -> None:
    """What `read_weights` reads; no pickle."""
    with quiet():
        network.save_pretrained(folder)


@contextmanager
def quiet() -> Iterator[None]:
    """Without transformers' progress bars, which would draw over the command's own."""
    bars: Any = logging
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            bars.enable_progress_bar()


def folder_of(model: str) -> Path:
    """The folder of a model that is no shape; from a hub it is fetched first.

    Raises UsageError for what is no OPT model, EnvironmentFailed where the hub cannot be asked.
    """
    folder = Path(model).expanduser()
    if not folder.is_dir():
        folder = _fetched(model)
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(
            f"no config.json of a model in {folder}",
            next_step=f"give a folder with one, or a known shape: {', '.join(SHAPES)}",
        ) from error
    _refuse_unfit(folder, config)
    return folder


def digest_of(folder: Path) -> str:
    """SHA-256 over the names and digests of the files that decide what a model writes."""
    files = sorted({path for pattern in _READ for path in folder.glob(pattern)})
    listed = [[path.name, sha256_file(path)] for path in files]
    return sha256_hex(canonical_json(listed))


def _refuse_unfit(folder: Path, config: dict[str, Any]) -> None:
    if config.get("model_type") != "opt":
        raise UsageError(
            f"{folder} is a model of type {config.get('model_type')!r}, not 'opt'",
            next_step="this tier runs OPT models of any size, facebook/opt-125m among them",
        )
    if int(config.get("max_position_embeddings", 2048)) < POSITIONS:
        raise UsageError(
            f"{folder} has {config['max_position_embeddings']} positions, {POSITIONS} are needed",
            next_step="give a model with more positions",
        )
    if not any(folder.glob("*.safetensors")):
        raise UsageError(
            f"no weights in {folder}",
            next_step="weights are read from *.safetensors: save_pretrained writes them",
        )


def _fetched(model: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(
            snapshot_download(model, allow_patterns=list(_READ), ignore_patterns=list(_IGNORED))
        )
    except HFValidationError as error:
        raise UsageError(
            f"no model {model!r}",
            next_step=f"give a folder, a name on the hub, or one of {', '.join(SHAPES)}",
        ) from error
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise EnvironmentFailed(
            f"{model} is no folder here, and the hub did not give it:"
            f" {str(error).strip().splitlines()[0]}",
            next_step="fetch it where there is a network with 'hf download"
            f" {model} --local-dir DIR', and give --model DIR",
        ) from error
