"""Real texts that lie on any machine after the install, by kind, for the examples to learn from.

Files are chosen evenly from sorted paths, with caps on number and size; every fifth one is held out. A text that
repeats earlier ones is left out of both halves: a licence or a manifest may lie in many packages.
"""

from __future__ import annotations

import os
import re
import sys
import sysconfig
from pathlib import Path
from typing import Container, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Set, Union

ROOT = Path(__file__).resolve().parents[3]
FEWEST, SHORTEST = 10, 256
"""Texts that a kind needs, and bytes that a text needs."""

Text = Union[Path, bytes]
"""Where it lies, or itself."""


class Texts(NamedTuple):
    """What there is of one kind."""

    train: List[bytes]
    held_out: List[bytes]


def gather(
    root: Path = ROOT,
    files: int = 150,
    size: int = 8192,
    repeated: float = 1.0,
    also: Optional[Mapping[str, Sequence[Text]]] = None,
    without: Container[str] = (),
) -> Dict[str, Texts]:
    """The corpus: of each kind at most so many files, of each file at most the first `size` bytes.

    Left out are texts of which this share or more was in earlier ones, in runs of four words. `also` adds kinds, as the
    texts to choose from; `without` leaves some out. Ends the process with a sentence where there is too little.
    """
    modules = root / "node_modules"
    if not modules.is_dir():
        sys.exit(f"There is no {modules}. Run `npm ci` at the root of the repository, or give another one with --root.")
    kinds: Dict[str, List[Text]] = {"typescript": [], "javascript": [], "markdown": [], "json": [], "python": [], "licences": []}
    for folder, subfolders, names in os.walk(modules):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))  # caches come and go
        for name in sorted(names):
            kind = _kind(name)
            if kind:
                kinds[kind].append(Path(folder, name))
    standard_library = Path(sysconfig.get_path("stdlib"))
    kinds["python"] = [*sorted(standard_library.glob("*.py")), *sorted(standard_library.glob("[a-l]*/*.py"))]
    kinds.update({kind: [*texts] for kind, texts in (also or {}).items()})
    chosen = {kind: texts[:: max(1, len(texts) // files)][:files] for kind, texts in kinds.items() if kind not in without}
    return {kind: _split(kind, _different(texts, size, repeated)) for kind, texts in chosen.items()}


def _kind(name: str) -> Optional[str]:
    if name.endswith(".d.ts"):
        return "typescript"
    if name.endswith(".js") and not name.endswith(".min.js"):
        return "javascript"
    if name.upper().startswith(("LICENSE", "LICENCE")):
        return "licences"
    if name.endswith(".md"):
        return "markdown"
    return "json" if name == "package.json" else None


def _different(chosen: Iterable[Text], size: int, repeated: float) -> List[bytes]:
    """The beginnings of these texts without those that say too little that is new."""
    seen: Set[bytes] = set()
    texts = []
    for one in chosen:
        text = (one if isinstance(one, bytes) else one.read_bytes())[:size]
        # By runs of words, since texts that only break their lines elsewhere are the same.
        words = re.findall(rb"[A-Za-z0-9_]+", text.lower())
        runs = {b" ".join(words[i : i + 4]) for i in range(len(words) - 3)}
        if len(text) > SHORTEST and len(runs & seen) < repeated * len(runs):
            texts.append(text)
        seen |= runs
    return texts


def _split(kind: str, texts: List[bytes]) -> Texts:
    if len(texts) < FEWEST:
        sys.exit(f"Only {len(texts)} different texts of the kind {kind} were found; at least {FEWEST} are needed.")
    return Texts([text for i, text in enumerate(texts) if i % 5], texts[::5])
