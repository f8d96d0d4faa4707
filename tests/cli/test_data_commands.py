"""Commands that look at the training data of a config, and at its rounds."""

import json
import re

import pytest
from mmengine.config import Config

from mmhcm.structures.rounds import ErrorBox
from tests.support.html_page import read_page
from tests.support.mined_rounds import write_fake_round
from tests.support.tiny_visdrone import write_tiny_visdrone


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    return write_tiny_visdrone(tmp_path_factory.mktemp('tiny'))


@pytest.fixture
def draw(run, config, tmp_path):
    """Browse or export; without --work-dir the pool would go elsewhere."""

    def draw(name, *args):
        out = '--out', tmp_path / 'out', '--work-dir', tmp_path / 'work'
        return run(name, config, *out, *args)

    return draw


@pytest.mark.parametrize('what', ['chips', 'canvases'])
def test_browse(draw, what, tmp_path):
    done = draw('browse', '--what', what, '--num', 2)
    assert done.status == 0
    assert '2 pictures' in done.out
    assert (tmp_path / 'out' / f'{what}.jpg').is_file()


@pytest.mark.parametrize('what', ['chips', 'canvases'])
def test_export(draw, what, tmp_path):
    done = draw('export', '--what', what, '--num', 2)
    assert done.status == 0
    path = tmp_path / 'out' / f'{what}.json'
    assert f'2 images in {path}' in done.out
    for image in json.loads(path.read_text())['images']:
        assert (tmp_path / 'out' / what / image['file_name']).is_file()


def test_a_folder_that_cannot_be_written(draw, tmp_path):
    (tmp_path / 'out').write_text('a file')
    done = draw('export')
    assert (done.status, done.err.count('\n')) == (1, 1)


def test_fit(run, config):
    annotations = '--annotations', config.parent / 'train'
    done = run('fit', config, *annotations, '--num-windows', 2)
    assert done.status == 0
    assert 'anchor_generator=dict(' in done.out
    assert 'scales = [' in done.out
    done = run('fit', config, '--keep-windows')
    assert done.status == 0
    assert '\nscales = [' not in done.out


def test_fit_writes_a_config_to_inherit(run, tmp_path):
    config = write_tiny_visdrone(tmp_path)
    written = tmp_path / 'fitted.py'
    # Its training data have scales of their own.
    done = run('fit', config, '--write', written)
    assert done.status == 1
    assert "write scales='${scales}' there" in done.err
    assert not written.exists()
    text = config.read_text()
    config.write_text(text.replace('scales=scales', "scales='${scales}'"))
    assert run('fit', config, '--write', written).status == 0
    assert written.read_text().startswith('# Fitted by `mmhcm fit` to 80 ')
    done = run('fit', config, '--write', written)
    assert done.status == 1
    assert '--force replaces it' in done.err
    assert run('fit', config, '--write', written, '--force').status == 0


def test_analyze(run, config, tmp_path):
    out = '--out', tmp_path / 'statistics.json'
    done = run('analyze', config, '--canvases', 2, *out)
    assert done.status == 0
    assert 'most / least' in done.out
    assert out[1].is_file()


def mine(config, work_dir, *numbers):
    """Write rounds without a detector."""
    cfg = Config.fromfile(config)
    cfg.work_dir = str(work_dir)
    error = ErrorBox((10, 10, 22, 22), 'background', 3, -1, 0.75)
    chip = {'windows': [(0, 0, 64, 64)], 'scale_inds': [0], 'errors': [error]}
    for number in numbers:
        write_fake_round(cfg, chip, number=number)


def test_report(run, config, tmp_path):
    mine(config, tmp_path, 1, 2)
    done = run('report', config, tmp_path, '--num-examples', 5)
    assert done.status == 0
    first, second = (
        tmp_path / 'hcm' / f'round_{number}' / 'report.html'
        for number in (1, 2)
    )
    assert f'wrote {second} (0.' in done.out
    page, _ = read_page(second.read_text())
    assert page.one('h1').text == 'Mining round 2'
    assert len(page.one('section', id='examples').all('figure')) == 1
    assert 'round 1' in page.one('section', id='changes').text
    assert str(config) in page.one('header').text
    assert not first.exists()
    options = '--round', 1, '--num-canvases', 0
    assert run('report', config, tmp_path, *options).status == 0
    page, _ = read_page(first.read_text())
    assert page.one('section', id='pasted').all('img') == []
    done = run('report', config, tmp_path, '--round', 3)
    assert done.status == 1
    assert re.search('no round 3 in .*, only 1', done.err)


def test_damaged_earlier_round_is_reported(run, config, tmp_path):
    mine(config, tmp_path, 1, 2)
    (tmp_path / 'hcm' / 'round_1' / 'hard_chips.jsonl').write_text('{}\n')
    assert run('report', config, tmp_path).status == 0
    path = tmp_path / 'hcm' / 'round_2' / 'report.html'
    changes = read_page(path.read_text())[0].one('section', id='changes')
    assert 'cannot be compared' in changes.text
    assert 'not a file of hard chips' in changes.text


@pytest.mark.parametrize(
    ('name', 'words', 'message'),
    [
        ('browse', '--out o --what hard-chips', 'no mined round'),
        ('browse', '--out o --what detections', 'detections need --checkp'),
        (
            'browse',
            '--out o --what detections --checkpoint absent.pth',
            'no checkpoint at',
        ),
        ('export', '--out o --what hard-chips --round a', 'a: cannot be read'),
        ('export', '--out o --num 0', 'num must be positive'),
        ('report', 'work', 'no mined round'),
        ('fit', '--annotations absent', 'no annotations at'),
        ('fit', '--write CONFIG --force', 'is the config to inherit'),
        ('fit', '--write a.txt', 'must end in .py'),
        ('analyze', '--annotations absent', 'no annotations at'),
    ],
)
def test_a_mistake_is_one_line(
    run, config, name, words, message, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    done = run(name, config, *words.replace('CONFIG', str(config)).split())
    assert (done.status, done.err.count('\n')) == (1, 1)
    assert done.err.startswith('error: ')
    assert message in done.err
