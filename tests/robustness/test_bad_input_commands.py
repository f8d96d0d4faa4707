"""Rows of docs/bad_input.md through the commands that users call."""

import shutil
from types import SimpleNamespace

import cv2
import pytest

from mmhcm.cli import evaluate, submit, test, train, validate_submission
from tests.support import bad_images
from tests.support.bad_images import BROKEN, UNREADABLE, USED
from tests.support.tiny_run import write_tiny_run

OBJECT = '6,8,20,14,1,4,0,0\n'
ANNOTATIONS = {
    'faulty': OBJECT + 'nan,1,5,5,1,4,0,0\n1,2,3\n',
    'unknown': OBJECT + '50,50,9,9,1,77,0,0\n',
    'odd': OBJECT + OBJECT + '60,20,0,9,1,4,0,0\n-5,9,9,9,1,4,0,0\n',
    'utf16': OBJECT.encode('utf-16'),
    'region': '0,0,160,120,0,0,0,0\n',
    'empty': '',
}


def write_all_kinds(split):
    """Add an image for every kind of image and of annotation."""
    kinds = {**USED, **UNREADABLE, **BROKEN}
    for number, write in enumerate(kinds.values()):
        write(split / 'images' / f'kind_{number}')
        (split / 'annotations' / f'kind_{number}.txt').write_text(OBJECT)
    for name, content in ANNOTATIONS.items():
        bad_images.write_good(split / 'images' / name)
        path = split / 'annotations' / f'{name}.txt'
        path.write_bytes(
            content if isinstance(content, bytes) else content.encode()
        )
    (split / 'annotations' / 'no_image.txt').write_text(OBJECT)
    bad_images.write_good(split / 'images' / 'no_annotation')
    (split / 'images' / 'notes.doc').touch()


@pytest.fixture(scope='module')
def trained(call, tmp_path_factory):
    """A run on data that has every fault that training can bear."""
    config = write_tiny_run(tmp_path_factory.mktemp('bad_input'))
    write_all_kinds(config.parent / 'data' / 'VisDrone2019-DET-train')
    work_dir = config.parent / 'work'
    status = call(
        train,
        config,
        '--work-dir',
        work_dir,
        options={
            'train_dataloader.sampler.num_samples': 40,
            'train_dataloader.dataset.partial_decoding': True,
            'train_dataloader.dataset.pipeline.0.type': 'LoadChipImage',
            'default_hooks.mining.canvases.num_canvases': 20,
        },
    )
    (log,) = work_dir.glob('*/*.log')
    return SimpleNamespace(
        status=status,
        config=config,
        checkpoint=work_dir / 'epoch_2.pth',
        log=log.read_text(),
        val=config.parent / 'data' / 'VisDrone2019-DET-val',
    )


def test_training_survives_every_bad_file(trained):
    assert trained.status == 0
    assert 'mined round 1' in trained.log
    assert trained.checkpoint.is_file()


@pytest.mark.parametrize(
    'said',
    [
        'left 6 files out, the first: ',
        '2 rows that cannot be read, left out; the first: ',
        "1 rows of an unknown category, taken as 'others'",
        '1 annotation files that cannot be read, left out with their images',
        '1 rows that stand in their file already, kept; the first: ',
        '1 boxes without area, left out; the first: ',
        '1 boxes that reach beyond their image, cut to it; the first: ',
        '1 annotation files without a row, taken as images without objects',
        '1 files that are no images by their names; the first: ',
        'broken images without objects in the pool; the first: ',
        'left out broken image 1: ',
        'left out broken canvas 1: ',
    ],
)
def test_training_reports_each_fault_once(trained, said):
    lines = [line for line in trained.log.splitlines() if said in line]
    assert len(lines) == 1
    assert 'WARNING' in lines[0]


@pytest.fixture
def split(trained, tmp_path):
    """A copy of the images to test on."""
    return shutil.copytree(trained.val, tmp_path / 'split')


def put(split, kind, stem='val_0'):
    """Replace an image by one of a kind."""
    (split / 'images' / f'{stem}.png').unlink()
    {**USED, **UNREADABLE, **BROKEN}[kind](split / 'images' / stem)


def error_of(capsys):
    lines = capsys.readouterr().err.strip().splitlines()
    (error,) = [line for line in lines if line.startswith('error: ')]
    assert lines[-1] == error
    assert not any('Traceback' in line for line in lines)
    return error


def test_submission_stops_at_broken_image(call, trained, split, capsys):
    put(split, 'truncated JPEG')
    out = split.parent / 'out.zip'
    work = '--work-dir', split.parent / 'work'
    both = trained.config, trained.checkpoint, *work
    capsys.readouterr()
    assert call(submit, *both, '--data-root', split, '--out', out) == 1
    assert 'val_0.' in error_of(capsys)
    assert not out.exists()


def test_submission_reads_cmyk_and_exif(call, trained, split):
    put(split, 'CMYK JPEG')
    put(split, 'image turned by EXIF', 'val_1')
    out = split.parent / 'out.zip'
    work = '--work-dir', split.parent / 'work'
    both = trained.config, trained.checkpoint, *work
    assert call(submit, *both, '--data-root', split, '--out', out) == 0
    assert call(validate_submission, out, '--data-root', split) == 0


@pytest.mark.parametrize(
    ('change', 'fault'),
    [
        (
            lambda s: (s / 'annotations' / 'val_0.txt').unlink(),
            'no annotation file to score against',
        ),
        (
            lambda s: shutil.copy(
                s / 'images' / 'val_0.png', s / 'images' / 'VAL_0.png'
            ),
            "two images are named 'val_0' and 'VAL_0'",
        ),
    ],
    ids=['no annotation', 'case'],
)
def test_testing_stops_at_bad_data(
    call, trained, split, change, fault, capsys
):
    change(split)
    capsys.readouterr()
    work = '--work-dir', split.parent / 'work'
    options = {'test_dataloader.dataset.data_root': split}
    both = trained.config, trained.checkpoint, *work
    assert call(test, *both, options=options) == 1
    assert fault in error_of(capsys)


@pytest.fixture
def results(split):
    folder = split.parent / 'results'
    folder.mkdir()
    for stem in ('val_0', 'val_1'):
        (folder / f'{stem}.txt').write_text('2,2,9,9,0.5,4,-1,-1\n')
    return folder


def test_evaluation_counts_what_it_leaves_out(call, split, results, capsys):
    cv2.imwrite(str(split / 'images' / 'x.png'), bad_images.picture())
    (results / 'val_0.txt').write_text('2,2,9,9,0.5,0,-1,-1\n' * 501)
    with (split / 'annotations' / 'val_1.txt').open('a') as file:
        file.write('2,2,0,9,1,4,0,0\n')
    capsys.readouterr()
    assert call(evaluate, results, '--data-root', split) == 0
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(';')[0] for line in lines] == [
        'warning: 1 images without annotation and result, not scored',
        'warning: 1 boxes without area',
        'warning: 1 result files of more than 500 rows, of which the first '
        '500 outside of ignored regions are scored',
        'warning: 501 result rows of no class of the task, not scored',
    ]


@pytest.mark.parametrize(
    ('options', 'fault'),
    [
        (
            {'default_hooks.mining.pool.min_size': 900},
            'the object pool would be empty: no object of',
        ),
        (
            {'scales.1.valid_range': (30, 99)},
            'no valid_range holds sizes from 16.0 to 30.0 pixels',
        ),
        (
            {'train_dataloader.dataset.scales.1.valid_range': (30, 99)},
            'set scales.1.valid_range',
        ),
    ],
    ids=['pool', 'ranges', 'variable'],
)
def test_training_stops_at_bad_settings(
    call, trained, tmp_path, options, fault, capsys
):
    capsys.readouterr()
    work = '--work-dir', tmp_path / 'work'
    assert call(train, trained.config, *work, options=options) == 1
    assert fault in error_of(capsys)
