"""Rounds that a run trains on, and checks of rounds against current data.

A checkpoint has an entry for each round: number and fingerprint of the round,
fingerprints of the object pool and the images that the round was mined with,
and the first epoch that uses the round.
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
        ValueError: a round is damaged, or not the mined round.
    """
    return [
        read_round(round_path(work_dir, entry['round']), entry['fingerprint'])
        for entry in entries
    ]


def check_images(entries: Sequence[Mapping[str, Any]], images: str) -> None:
    """Check that rounds were mined from the current images.

    Args:
        entries: Entries of the rounds; an entry without ``images`` passes.
        images: Digest of the current images, see ``digests.sources_digest``.

    Raises:
        ValueError: a round was mined from other images or annotations.
    """
    for entry in entries:
        if entry.get('images', images) != images:
            # The errors of the round were made on other pixels.
            raise ValueError(
                f'round {entry["round"]} was mined from other images or '
                'annotations than those of now'
            )


def check_pool(
    entries: Sequence[Mapping[str, Any]], pool: ObjectPool | None
) -> None:
    """Check that rounds were mined with the current object pool.

    Raises:
        ValueError: a round was mined with another object pool.
    """
    digest = '' if pool is None else pool.fingerprint
    for entry in entries:
        if entry.get('pool', digest) != digest:
            # The recipes of the round would paint other patches.
            raise ValueError(
                f'round {entry["round"]} was mined with another object '
                f'pool than {pool}: data or pool settings have changed'
            )


def merge_rounds(
    rounds: Sequence[HardChipRound], accumulate: bool
) -> HardChipRound:
    """Merge the chips of all rounds, or only of the last, into one round."""
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
        ValueError: the pool would paint other objects.
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
        FileNotFoundError: the round does not exist.
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
    """Read the previous round, or return None and the reason of the failure.

    The reason is '' if no file of a previous round exists.
    """
    before = path.parent.with_name(f'round_{number - 1}') / path.name
    if number < 2 or not before.is_file():
        return None, ''
    try:
        return read_round(before), ''
    except HardChipError as error:
        return None, str(error)
