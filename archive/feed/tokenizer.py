"""A tokenizer file of the `tokenizers` library, its bytes part of every order and receipt."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from archive.digest import sha256_hex
from archive.errors import Corrupt, EnvironmentFailed, UsageError


@dataclass(frozen=True)
class Tokenizer:
    """Text to token ids. It is read anew where it is sent to: only its JSON travels."""

    json: str

    @property
    def sha256(self) -> str:
        return sha256_hex(self.json.encode())

    @property
    def version(self) -> str:
        """Of the library: another may cut texts in another way."""
        return importlib.metadata.version("tokenizers")

    @property
    def size(self) -> int:
        """The number of token ids, added ones counted."""
        return int(self._made.get_vocab_size(with_added_tokens=True))

    def encode(self, texts: list[str]) -> list[list[int]]:
        """The token ids of each text, without the tokens that a template would add."""
        return [each.ids for each in self._made.encode_batch(texts, add_special_tokens=False)]

    def token(self, name: str) -> int:
        """The id of a token by its name."""
        found = self._made.token_to_id(name)
        if found is None:
            raise UsageError(
                f"the tokenizer has no token {name!r}", next_step="name one of its vocabulary"
            )
        return int(found)

    def __getstate__(self) -> dict[str, Any]:
        return {"json": self.json}

    @cached_property
    def _made(self) -> Any:
        from tokenizers import Tokenizer as Made

        made = Made.from_str(self.json)
        made.no_truncation()
        made.no_padding()
        return made


def read_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of a `tokenizer.json`."""
    try:
        made = Tokenizer(path.read_bytes().decode())
        _ = made.size
    except ImportError as error:
        raise EnvironmentFailed(
            "the package tokenizers is not installed",
            next_step="pip install 'lowbackground[tokens]'",
        ) from error
    except OSError:
        raise
    except Exception as error:  # the library raises plain Exception for a file it cannot read
        raise Corrupt(path, "a tokenizer.json", str(error)) from error
    return made
