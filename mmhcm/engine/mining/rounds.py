"""Rounds that a run trains on, and checks that they still fit its data.

A checkpoint has an entry for each round: its number, its fingerprint, those
of the object pool and of the images that it was mined with, and the epoch from
which it is used.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmhcm.structures.pool import ObjectPool
from mmhcm.structures.rounds import HardChipError, HardChipRound, read_round


def round_path(work_dir: str | Path, number: int) -> Path:
    """Return the file of a round of the run in ``work_dir``."""
    return Path(work_dir, 'hcm', f'round_{number}', 'hard_chips.jsonl')


def read_rounds(
    work_dir: str | Path, entries: Sequence[Mapping[str, Any]]
) -> list[HardChipRound]:
    """Read the rounds of a checkpoint's entries.

    Raises:
        ValueError: a round is damaged, or not the one that was mined.
    """
    return [
        read_round(round_path(work_dir, entry['round']), entry['fingerprint'])
        for entry in entries
    ]


def check_images(entries: Sequence[Mapping[str, Any]], images: str) -> None:
    """Check that rounds were mined from the images of now.

    Args:
        entries: Those of the rounds; one without ``images`` passes.
        images: See ``digests.sources_digest``.

    Raises:
        ValueError: a round was not.
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
        ValueError: a round was not.
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
    """Join the chips of all rounds, or of the last one alone, in one round."""
    used = rounds if accumulate else rounds[-1:]
    return HardChipRound(
        number=used[-1].number,
        fingerprint=used[-1].fingerprint,
        canvases=[canvas for part in used for canvas in part.canvases],
    )


def check_patches(
    path: Path, hard_round: HardChipRound, pool: ObjectPool | None
) -> None:
    """Check that a pool would paint the objects of a round.

    Raises:
        ValueError: the pool would paint others.
    """
    labels = [] if pool is None else pool.labels.tolist()
    for canvas in hard_round.canvases:
        for paste in canvas.pastes:
            ind = paste.patch_id
            if ind >= len(labels) or labels[ind] != paste.label:
                raise ValueError(
                    f'{path}: mined with another object pool than {pool}'
                )


def find_round(work_dir: str | Path, number: int | None = None) -> Path:
    """Find the file of a mined round in a work directory.

    Args:
        work_dir: The folder of the run.
        number: Number of the round. Defaults to None: the last one.

    Raises:
        FileNotFoundError: There is no such round.
    """
    folder = Path(work_dir, 'hcm')
    found = {
        int(path.parent.name.removeprefix('round_')): path
        for path in folder.glob('round_*/hard_chips.jsonl')
        if path.parent.name.removeprefix('round_').isdigit()
    }
    if not found:
        raise FileNotFoundError(f'no mined round in {folder}')
    if number is None:
        number = max(found)
    if number not in found:
        raise FileNotFoundError(
            f'no round {number} in {folder}, only '
            f'{", ".join(map(str, sorted(found)))}'
        )
    return found[number]


def read_previous(path: Path, number: int) -> tuple[HardChipRound | None, str]:
    """Read the round before, or return None and why it cannot be read.

    The reason is '' where no such round is to be expected.
    """
    before = path.parent.with_name(f'round_{number - 1}') / path.name
    if number < 2 or not before.is_file():
        return None, ''
    try:
        return read_round(before), ''
    except HardChipError as error:
        return None, str(error)
