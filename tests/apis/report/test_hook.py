from pathlib import Path

import pytest

from mmhcm.apis.report import hook, writer
from mmhcm.engine.checkpoints import latest_checkpoint
from mmhcm.structures.rounds import read_round
from tests.support.html_page import read_page, values_of

FAST = {
    'train_cfg.val_interval': 9,
    'default_hooks.checkpoint.interval': 1,
    'default_hooks.mining_report': {'type': 'MiningReportHook'},
}
TWO_ROUNDS = {
    **FAST,
    'train_cfg.max_epochs': 3,
    'default_hooks.mining.epochs': [1, 2],
}


def report_of(work_dir, number=1):
    return Path(work_dir, 'hcm', f'round_{number}', 'report.html')


@pytest.fixture
def warnings(monkeypatch):
    """Warnings of the runs that follow; their loggers print nothing."""
    texts = []
    report = writer.report_round

    def watched(path, fingerprint, chips, cfg, options, logger):
        monkeypatch.setattr(logger, 'warning', texts.append)
        report(path, fingerprint, chips, cfg, options, logger)

    monkeypatch.setattr(hook, 'report_round', watched)
    return texts


def test_each_round_has_its_page(make_runner, warnings):
    runner = make_runner(TWO_ROUNDS)
    runner.train()
    assert warnings == []
    for number in (1, 2):
        path = report_of(runner.work_dir, number)
        hard_round = read_round(path.with_name('hard_chips.jsonl'))
        page, _ = read_page(path.read_text())
        counts = hard_round.counts
        assert values_of(page.one('header')) == [
            counts['canvases'],
            hard_round.num_chips,
            sum(counts['objects']),
            *(sum(numbers) for numbers in counts['errors'].values()),
        ]
        lead = page.one('header').one('p').text
        epochs = 'epoch' if number == 1 else 'epochs'
        assert f'after {number} {epochs} of' in lead
        changes = page.one('section', id='changes')
        assert ('first round' in changes.text) == (number == 1)
    assert hard_round.origin['epoch'] == 2
    assert len(hard_round.origin['weights']) == 64


def test_options(make_runner, warnings):
    # Hooks in front of the two take nothing from them.
    hook = {'type': 'MiningReportHook', 'num_examples': 2}
    runner = make_runner(
        {
            **FAST,
            'default_hooks.mining_report': hook,
            'custom_hooks': [{'type': 'EMAHook', 'priority': 'HIGHEST'}],
        }
    )
    runner.train()
    page, _ = read_page(report_of(runner.work_dir).read_text())
    examples = page.one('section', id='examples')
    assert len(examples.all('figure')) == 2


def test_no_report_without_mining(make_runner, warnings):
    runner = make_runner({**FAST, 'default_hooks.mining.epochs': []})
    runner.train()
    assert not Path(runner.work_dir, 'hcm').exists()
    assert warnings == []


def test_fault_in_report_does_not_end_training(
    make_runner, warnings, monkeypatch
):
    def fail(page):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(writer, 'render_page', fail)
    runner = make_runner(FAST)
    runner.train()
    assert runner.epoch == 2
    path = report_of(runner.work_dir)
    assert warnings == [
        f'no report of {path.with_name("hard_chips.jsonl")}: OSError: '
        f'[Errno 28] No space left on device: {str(path)!r}'
    ]
    assert [p.name for p in path.parent.iterdir()] == ['hard_chips.jsonl']


def test_resuming_writes_absent_pages(make_runner, tmp_path, warnings):
    work_dir = tmp_path / 'work'
    make_runner(FAST, work_dir).train()
    path = report_of(work_dir)
    content = path.read_bytes()
    for state in (None, b'stale', content):
        if state is None:
            path.unlink()
        else:
            path.write_bytes(state)
        written = path.stat().st_mtime_ns if state else None
        runner = make_runner(
            {
                **FAST,
                'train_cfg.max_epochs': 2,
                'resume': True,
                'load_from': latest_checkpoint(work_dir),
            },
            work_dir,
        )
        runner.train()
        assert path.read_bytes() == content
        if state == content:
            # What is there already is left alone.
            assert path.stat().st_mtime_ns == written
    assert warnings == []
