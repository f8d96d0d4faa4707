"""Rows of docs/bad_input.md in one data set, through the training."""

from mmhcm.cli import train
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


#: What training says of the faults, each once.
SAID = [
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
]


def test_training_survives_every_bad_file(call, tmp_path):
    config = write_tiny_run(tmp_path)
    write_all_kinds(config.parent / 'data' / 'VisDrone2019-DET-train')
    work_dir = tmp_path / 'work'
    options = {
        'train_dataloader.sampler.num_samples': 40,
        'train_dataloader.dataset.partial_decoding': True,
        'train_dataloader.dataset.pipeline.0.type': 'LoadChipImage',
        'default_hooks.mining.canvases.num_canvases': 20,
    }
    work = '--work-dir', work_dir
    assert call(train, config, *work, options=options) == 0
    assert (work_dir / 'epoch_2.pth').is_file()
    (log,) = work_dir.glob('*/*.log')
    lines = log.read_text().splitlines()
    assert any('mined round 1' in line for line in lines)
    for said in SAID:
        (line,) = [line for line in lines if said in line]
        assert 'WARNING' in line
