"""The rounds that a run trains on, and whether they still fit its data.

A checkpoint says of each round its number, its fingerprint, those of the
object pool and of the images that it was mined with, and the epoch from which
it is used: its entry.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmhcm.structures.hard_chips import HardChipRound, read_round
from mmhcm.structures.object_pool import ObjectPool


def round_path(work_dir: str | Path, number: int) -> Path:
    """File of a round of the run in ``work_dir``."""
    return Path(work_dir, 'hcm', f'round_{number}', 'hard_chips.jsonl')


def read_rounds(
    work_dir: str | Path, entries: Sequence[Mapping[str, Any]]
) -> list[HardChipRound]:
    """Read the rounds of a checkpoint's entries.

    Raises:
        ValueError: one is damaged, or not the one that was mined.
    """
    return [
        read_round(round_path(work_dir, entry['round']), entry['fingerprint'])
        for entry in entries
    ]


def check_images(entries: Sequence[Mapping[str, Any]], images: str) -> None:
    """Check that rounds were mined from the images of now.

    Args:
        entries: Those of the rounds; one that does not say passes.
        images: See ``mining_inputs.sources_digest``.

    Raises:
        ValueError: one was not.
    """
    for entry in entries:
        if entry.get('images', images) != images:
            # Its errors were made on other pixels.
            raise ValueError(
                f'round {entry["round"]} was mined from other images or '
                'annotations than those of now'
            )


def check_pool(
    entries: Sequence[Mapping[str, Any]], pool: ObjectPool | None
) -> None:
    """Check that rounds were mined with the object pool of now.

    Raises:
        ValueError: one was not.
    """
    digest = '' if pool is None else pool.fingerprint
    for entry in entries:
        if entry.get('pool', digest) != digest:
            # Its recipes would paint other patches.
            raise ValueError(
                f'round {entry["round"]} was mined with another object '
                f'pool than {pool}: data or pool settings have changed'
            )


def merge_rounds(
    rounds: Sequence[HardChipRound], accumulate: bool
) -> HardChipRound:
    """Chips of all rounds, or of the last one alone, as one round."""
    used = rounds if accumulate else rounds[-1:]
    return HardChipRound(
        number=used[-1].number,
        fingerprint=used[-1].fingerprint,
        canvases=[canvas for part in used for canvas in part.canvases],
    )
