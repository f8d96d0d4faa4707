import numpy as np
import pytest

from mmhcm.structures.annotations.visdrone_txt import CLASSES
from mmhcm.structures.results import (
    read_records,
    read_split,
    write_submission,
)
from projects.visdrone_lowdata import compare as tool
from tests.support.scene_folders import write_visdrone

CAR = CLASSES.index('car') + 1
SCENES = {
    f'{num}': [
        (5 + 30 * ind, 5, 20, 10, 1, CAR, 0, 0) for ind in range(num + 1)
    ]
    for num in range(3)
}


@pytest.fixture
def data_root(tmp_path):
    return write_visdrone(tmp_path / 'val', SCENES)


def write_row(folder, num_missed):
    """Write a result per seed; seed i misses the first objects of scene 2."""
    for seed, missed in enumerate(num_missed):
        path = folder / f'seed_{seed}' / 'results.zip'
        path.parent.mkdir(parents=True)
        write_submission(
            path,
            {
                stem: ''.join(
                    f'{x},{y},{w},{h},0.9,{category},-1,-1\n'
                    for x, y, w, h, _, category, *_ in rows[
                        missed * (stem == '2') :
                    ]
                )
                for stem, rows in SCENES.items()
            },
        )
    return folder


def test_differences_are_those_of_the_scores(data_root, tmp_path, capsys):
    better = write_row(tmp_path / 'better', [0, 1])
    worse = write_row(tmp_path / 'worse', [2, 1])
    args = [str(better), str(worse), '--data-root', str(data_root)]
    tool.main([*args, '--draws', '20'])
    split = read_split(data_root)
    first, second = (
        tool.score(
            list(read_records(row / 'seed_0/results.zip', split).values()),
            np.arange(3),
        )
        for row in (better, worse)
    )
    difference = first[0] - second[0]
    assert difference > 1
    line = capsys.readouterr().out.splitlines()[0]
    assert line.startswith(
        f'AP                 {difference:+.2f} +0.00  '
        f'mean {difference / 2:+.2f}  sd '
    )


def test_one_seed_has_no_deviation(data_root, tmp_path, capsys):
    rows = [write_row(tmp_path / name, [0]) for name in ('a', 'b')]
    args = [*map(str, rows), '--data-root', str(data_root), '--draws', '3']
    tool.main(args)
    text = capsys.readouterr().out
    assert 'nan' not in text
    assert 'sd' not in text


def test_draws_take_images_with_replacement(data_root, tmp_path):
    rows = [write_row(tmp_path / 'a', [0]), write_row(tmp_path / 'b', [2])]
    split = read_split(data_root)
    pair = tuple(
        list(read_records(row / 'seed_0/results.zip', split).values())
        for row in rows
    )
    drawn = tool.bootstrap([pair], 30, seed=0)
    assert drawn.shape == (30, 14)
    inds = np.random.default_rng(0).integers(3, size=(30, 3))
    for values, images in zip(drawn, inds, strict=True):
        expected = tool.score(pair[0], images) - tool.score(pair[1], images)
        np.testing.assert_array_equal(values, expected)
    # Draws without scene 2 show no difference.
    assert (drawn[~(inds == 2).any(axis=1)] == 0).all()
    np.testing.assert_array_equal(drawn, tool.bootstrap([pair], 30, seed=0))


def test_rows_without_a_common_seed_are_refused(data_root, tmp_path):
    args = [str(tmp_path / 'a'), str(tmp_path / 'b')]
    with pytest.raises(SystemExit, match='no seed has results in both rows'):
        tool.main([*args, '--data-root', str(data_root)])
