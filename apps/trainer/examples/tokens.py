"""The texts as tokens, for PyTorch: a byte-pair tokenizer is trained on the spot.

python tokens.py --data FILE     # keeps them in this file, and says in JSON what there is
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import torch
from corpus import ROOT, Text, gather
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from torch import Tensor

VOCABULARY = 1024


class Data(NamedTuple):
    """Windows of token ids by domain, each one longer than the context: what is predicted is the window but its first."""

    train: Dict[str, Tensor]
    held_out: Dict[str, Tensor]
    lengths: Tensor
    """Bytes of each token of the vocabulary."""
    digest: str

    def domains(self) -> List[Dict[str, Any]]:
        """What there is of each domain, in numbers."""
        described = []
        for name, windows in self.train.items():
            predicted = self.held_out[name][:, 1:].long()
            per_token = round(float(self.lengths[predicted].mean()), 4)
            described.append({"name": name, "tokens": windows[:, 1:].numel(), "heldOut": predicted.numel(), "bytesPerToken": per_token})
        return described


def read(root: Path, context: int) -> Data:
    """Gathers the texts, trains a byte-pair tokenizer on the same amount of each kind, and cuts them into windows."""
    headers = sorted((Path(torch.__file__).parent / "include").rglob("*.h"))
    more: Dict[str, Sequence[Text]] = {"headers": headers, "manual": [text.encode() for text in topics.values()]}
    # Licences are the same few texts over and over, so hardly any would be held out from those trained on.
    texts = gather(root, files=400, size=16384, repeated=0.5, also=more, without=["licences"])
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=["<end>"], initial_alphabet=alphabet, show_progress=False)
    sample = [b"".join(kind.train)[:200_000].decode("utf-8", "ignore") for kind in texts.values()]
    tokenizer.train_from_iterator((line for text in sample for line in text.splitlines(keepends=True)), trainer)

    def windows(documents: List[bytes]) -> Tensor:
        ids = [0]
        for encoding in tokenizer.encode_batch([text.decode("utf-8", "ignore") for text in documents]):
            ids += [*encoding.ids, 0]
        return torch.tensor(ids, dtype=torch.int16).unfold(0, context + 1, context).clone()

    train = {name: windows(kind.train) for name, kind in texts.items()}
    held_out = {name: windows(kind.held_out) for name, kind in texts.items()}
    pieces = sorted(tokenizer.get_vocab().items(), key=lambda piece: piece[1])
    lengths = torch.tensor([0.0, *(len(letters) for letters, _ in pieces[1:])])  # one letter a byte, at byte level
    digest = hashlib.sha256(b"".join(part.numpy().tobytes() for half in (train, held_out) for part in half.values()))
    return Data(train, held_out, lengths, digest.hexdigest())


def read_once(path: Optional[Path], root: Path, context: int) -> Data:
    """The same, from this file where it exists; else into it."""
    if path and path.exists():
        return Data(**torch.load(path, weights_only=True))
    data = read(root, context)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(data._asdict(), path)
    return data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="FILE")
    parser.add_argument("--root", type=Path, default=ROOT, help="folder that holds node_modules")
    parser.add_argument("--context", type=int, default=64, help="tokens a window predicts")
    options = parser.parse_args()
    data = read_once(options.data, options.root, options.context)
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    print(json.dumps({"digest": data.digest, "vocabulary": VOCABULARY, "domains": data.domains(), "versions": versions}))


if __name__ == "__main__":
    main()
