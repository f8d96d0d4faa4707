"""Compare two rows of a table, seed by seed, with a bootstrap over images.

    python projects/visdrone_lowdata/compare.py WORK_DIR/hard WORK_DIR/chips \
        --data-root data/VisDrone2019-DET-val

Each row is a folder of ``seed_N/results.zip``, written by the table runner.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from mmhcm.functional.scoring import METRICS, ImageRecord, evaluate
from mmhcm.structures.results import read_records, read_split


def score(records: list[ImageRecord], inds: np.ndarray) -> np.ndarray:
    """Score the chosen images.

    Returns:
        float64 (14,): official scores, then plain class means.
    """
    scores = evaluate([records[ind] for ind in inds])
    return np.concatenate([scores.official, scores.class_mean])


def bootstrap(
    pairs: list[tuple[list[ImageRecord], list[ImageRecord]]],
    num_draws: int,
    seed: int,
) -> np.ndarray:
    """Draw images with replacement and score the mean difference of pairs.

    Args:
        pairs: Records of both rows, seed by seed.
        num_draws: Number of draws.
        seed: Seed of the draws.

    Returns:
        float64 (num_draws, 14), first row minus second, mean over seeds.
    """
    rng = np.random.default_rng(seed)
    num_images = len(pairs[0][0])
    draws = rng.integers(num_images, size=(num_draws, num_images))
    return np.array(
        [
            np.mean([score(a, inds) - score(b, inds) for a, b in pairs], 0)
            for inds in tqdm(draws, 'bootstrap', leave=False)
        ]
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Print differences by seed, their spread and the bootstrap interval."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('row', type=Path)
    parser.add_argument('baseline', type=Path)
    parser.add_argument('--data-root', type=Path, required=True)
    parser.add_argument('--draws', type=int, default=1000)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args(argv)
    seeds = [
        path.parent.name
        for path in sorted(args.row.glob('seed_*/results.zip'))
        if (args.baseline / path.parent.name / 'results.zip').is_file()
    ]
    if not seeds:
        raise SystemExit(f'{args.row}: no seed has results in both rows')
    split = read_split(args.data_root)
    first, second = (
        [
            list(read_records(row / name / 'results.zip', split).values())
            for name in seeds
        ]
        for row in (args.row, args.baseline)
    )
    pairs = list(zip(first, second, strict=True))
    everything = np.arange(len(pairs[0][0]))
    diffs = np.array(
        [score(a, everything) - score(b, everything) for a, b in pairs]
    )
    drawn = bootstrap(pairs, args.draws, args.seed)
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    names = [*METRICS, *(f'class mean {name}' for name in METRICS)]
    for ind, name in enumerate(names):
        values = ' '.join(f'{value:+.2f}' for value in diffs[:, ind])
        spread = ''
        if len(seeds) > 1:
            spread = f'sd {diffs[:, ind].std(ddof=1):.2f}  '
        print(
            f'{name:18} {values}  mean {diffs[:, ind].mean():+.2f}  '
            f'{spread}95 % of draws {low[ind]:+.2f} to '
            f'{high[ind]:+.2f}, above 0 in {(drawn[:, ind] > 0).mean():.0%}'
        )


if __name__ == '__main__':
    main()
