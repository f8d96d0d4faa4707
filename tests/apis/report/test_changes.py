import pytest

from mmhcm.apis.report.changes import Fate, changes_section, compare_errors
from mmhcm.functional.pasting import Paste
from mmhcm.structures.rounds import ErrorBox, HardChipRound, MinedCanvas

CLASSES = ('car', 'van')
HERE, NEAR = (10, 10, 30, 30), (12, 10, 32, 30)
THERE, ELSEWHERE = (60, 10, 80, 30), (10, 60, 30, 80)


def error(bbox, kind='background', det=0, gt=-1):
    return ErrorBox(bbox, kind, det, gt, 0.5)


def canvas(image, errors=(), others=(), pastes=()):
    return MinedCanvas(
        0,
        image,
        f'{image:03d}',
        pastes=[Paste(0, b, 1.0, 0.0, False, 1.0, 1) for b in pastes],
        windows=[(0, 0, 90, 90)],
        scale_inds=[0],
        errors=errors,
        other_errors=others,
    )


def make_round(number, mined, images=(0, 1, 2), **counts):
    return HardChipRound(
        number,
        'ab' * 32,
        mined,
        {
            'canvases': 3,
            'kinds': ['background', 'class'],
            'images': [[0, image] for image in images],
            'errors': {
                'background': [6, 0],
                'class': [0, 3],
                'missed': [0, 0],
            },
            **counts,
        },
    )


FATES = {
    'none': ([], [], (1, 0, 0, 0, 0, 0)),
    'gone': ([error(HERE)], [], (1, 1, 0, 0, 1, 0)),
    'new': ([], [error(HERE)], (1, 0, 0, 0, 0, 1)),
    'still': ([error(HERE)], [error(NEAR)], (1, 1, 1, 0, 0, 0)),
    # whatever the class that was detected
    'other label': ([error(HERE)], [error(NEAR, det=1)], (1, 1, 1, 0, 0, 0)),
    'moved': ([error(HERE)], [error(THERE)], (1, 1, 0, 0, 1, 1)),
    'turned': (
        *([error(HERE)], [error(HERE, 'class', 0, 1)], (1, 1, 0, 1, 0, 0)),
    ),
    'all': (
        [error(HERE), error(THERE), error(ELSEWHERE)],
        [error(NEAR), error(THERE, 'class', 0, 1)],
        (1, 3, 1, 1, 1, 0),
    ),
}


@pytest.mark.parametrize('name', FATES)
def test_fates(name):
    old, new, expected = FATES[name]
    fates = compare_errors(
        make_round(2, [canvas(1, new)], [1]),
        make_round(1, [canvas(1, old)], [1]),
    )
    fate = fates['background']
    assert fate == Fate(*expected)
    assert fate.before == fate.still + fate.turned + fate.gone


def test_image_without_errors_counts_as_seen():
    """It is in no round's canvases, but among the images seen."""
    fates = compare_errors(
        make_round(2, [], [1]), make_round(1, [canvas(1, [error(HERE)])], [1])
    )
    assert fates['background'] == Fate(1, 1, gone=1)
    # Where missed objects are is not known there.
    assert fates['missed'] == Fate()


def test_images_of_one_round_alone_are_left_out():
    rounds = [
        make_round(2, [canvas(1, [error(HERE)])], [1]),
        make_round(1, [canvas(0, [error(HERE)])], [0]),
    ]
    assert set(compare_errors(*rounds).values()) == {Fate()}
    section = changes_section(*rounds, CLASSES)
    assert 'No image was looked at in both rounds.' in section.texts
    assert len(section.blocks) == 2


def test_errors_on_pasted_objects_are_left_out():
    """In the other round, nothing is pasted there."""
    pasted = canvas(1, [error(HERE), error(THERE)], pastes=[NEAR])
    plain = canvas(1, [error(THERE)])
    for pair in ((pasted, plain), (plain, pasted)):
        fates = compare_errors(
            make_round(2, [pair[0]]), make_round(1, [pair[1]])
        )
        assert fates['background'] == Fate(3, 1, 1)


def test_missed_objects_are_followed():
    missed = error(HERE, 'missed', -1, 0)
    fates = compare_errors(
        make_round(2, [canvas(1, [error(THERE)], [missed])]),
        make_round(1, [canvas(1, [error(THERE)], [missed])]),
    )
    assert fates['missed'] == Fate(1, 1, 1)


def test_images_whose_chips_were_left_out_are_unknown():
    """They had errors, which the round does not list."""
    old = make_round(1, [canvas(1, [error(HERE)])], [0, 1])
    new = make_round(2, [], [0, 1], unknown_images=[[0, 1]])
    assert compare_errors(new, old)['background'] == Fate(1)
    new.counts['unknown_images'] = []
    assert compare_errors(new, old)['background'] == Fate(2, 1, gone=1)


def cells(table, row):
    (line,) = [r for r in (*table.rows, table.total) if r and r[0] == row]
    return line[1:]


def test_rates_are_per_canvas():
    before = make_round(1, [canvas(1, [error(HERE)])], canvases=4)
    after = make_round(
        2,
        [],
        canvases=2,
        errors={'background': [1, 1], 'class': [0, 3], 'missed': [0, 0]},
    )
    section = changes_section(after, before, CLASSES)
    chips, rates = section.blocks[:2]
    assert [c.value for c in cells(chips, 'hard chips')][:2] == [1, 0]
    assert [c.value for c in cells(chips, 'canvases')][:2] == [4, 2]
    car = cells(rates, 'car')
    assert [c.text for c in car[:3]] == ['1.50', '0.50', '▼ 67 %']
    assert car[2].style == 'better'
    van = cells(rates, 'van')
    assert [c.text for c in van[:3]] == ['0.00', '0.50', '▲ new']
    assert [c.text for c in van[3:6]] == ['0.75', '1.50', '▲ 100 %']
    assert van[5].style == 'worse'
    everything = cells(rates, 'all')
    assert [c.text for c in everything[:3]] == ['1.50', '1.00', '▼ 33 %']
    assert [c.text for c in everything[6:]] == ['0.00', '0.00', '=']
    assert len(rates.columns) == len(everything) + 1


def test_no_round_before():
    text = changes_section(make_round(1, []), None, CLASSES).texts
    assert 'first round' in text[0]
    text = changes_section(make_round(2, []), None, CLASSES).texts
    assert text == ['Round 1 cannot be compared: its file is missing.']
    text = changes_section(make_round(2, []), None, CLASSES, 'cut short').texts
    assert text == ['Round 1 cannot be compared: cut short.']


def test_rounds_without_errors():
    """Such as those of negative chips."""
    rounds = [make_round(n, [canvas(1)]) for n in (2, 1)]
    for hard_round in rounds:
        del hard_round.counts['errors']
    section = changes_section(*rounds, CLASSES)
    assert len(section.blocks) == 1
