"""Readers of damaged files: a result or a defined error, soon, in bounds.

The long version is ``make fuzz``.
"""

import zipfile

import pytest

from tests.robustness.fuzz_targets import TARGETS, Target

from . import fuzz

INPUTS = 200
#: Torch is slow to say what is wrong, and VOC builds a whole data set.
FEW = {'checkpoint': 30, 'foreign_checkpoint': 60, 'voc': 60}


@pytest.mark.parametrize('name', TARGETS)
@pytest.mark.filterwarnings('ignore')
def test_readers_give_results_or_defined_errors(name, tmp_path):
    inputs = FEW.get(name, INPUTS)
    report = fuzz.fuzz(TARGETS[name], inputs, 0, tmp_path)
    assert not report.findings, list(report.findings)
    assert sum(report.outcomes.values()) == inputs
    # Both are met, so that neither the damages nor the readers do nothing.
    assert report.outcomes['read']
    assert name == 'jpeg' or len(report.outcomes) > 1


def run(check, tmp_path, inputs=1):
    target = Target('x', lambda folder: ([b'valid'], check))
    return fuzz.fuzz(target, inputs, 0, tmp_path)


def after_the_valid_one(action):
    def check(content):
        if content != b'valid':
            action()

    return check


def fail(error):
    def action():
        raise error

    return action


def hang():
    while True:
        pass


@pytest.mark.parametrize(
    ('action', 'finding'),
    [
        (fail(KeyError('x')), 'KeyError in'),
        (fail(AssertionError()), 'AssertionError in'),
        (fail(RecursionError()), 'RecursionError in'),
        (fail(ValueError('bad')), 'message names no file: ValueError'),
        (fail(zipfile.BadZipFile()), 'BadZipFile in'),
        (hang, 'TooSlowError in'),
        (lambda: bytes(2 << 30), 'MemoryError in'),
    ],
    ids=['key', 'assert', 'recursion', 'unnamed', 'zip', 'hang', 'memory'],
)
def test_fuzz_finds_each_kind_of_fault(action, finding, tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz, 'SECONDS', 0.2)
    report = run(after_the_valid_one(action), tmp_path)
    (kind,) = report.findings
    assert kind.startswith(finding)


def test_fuzz_judges_messages(tmp_path):
    good = fail(ValueError(f'{tmp_path}/a: no row'))
    assert not run(after_the_valid_one(good), tmp_path, 20).findings
    for message in (f'{tmp_path}\nx', f'{tmp_path}' + 'x' * 999):
        report = run(after_the_valid_one(fail(ValueError(message))), tmp_path)
        assert [kind[:15] for kind in report.findings] == ['message is no l']


def test_equal_seeds_give_equal_inputs(tmp_path):
    fed = []
    for _ in range(2):
        fed.append([])
        run(fed[-1].append, tmp_path, 200)
    assert fed[0] == fed[1]
    assert len(set(fed[0])) > 100
