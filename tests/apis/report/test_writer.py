from dataclasses import replace

import cv2
import numpy as np
import pytest

from mmhcm.apis.report import ReportOptions
from mmhcm.apis.report.pictures import example_galleries
from mmhcm.apis.report.sources import RoundSources
from mmhcm.apis.report.writer import report_path, reported, write_report
from mmhcm.functional.chips import ChipScale
from mmhcm.functional.pasting import Paste
from mmhcm.structures.palette import CLASS_COLORS
from mmhcm.structures.pool import ObjectPool, build_pool
from mmhcm.structures.rounds import ErrorBox, HardChipRound, MinedCanvas
from mmhcm.visualization.box_styles import ERROR_STYLES
from tests.support.chromium import find_chromium, open_tab
from tests.support.html_page import decode, read_page, values_of

CLASSES = ('car', '<b>&"', "awning'd")
SCALES = [ChipScale(48, (0, 14)), ChipScale(96, (12, float('inf')))]
WH = (160, 120)


class Images:
    """A data set of whole images, as far as a report asks one."""

    def __init__(self, folder, num_images=6):
        rng = np.random.default_rng(0)
        folder.mkdir()
        self.metainfo = {'classes': CLASSES}
        self.infos = []
        for number in range(num_images):
            image = rng.integers(60, 120, (WH[1], WH[0], 3), dtype=np.uint8)
            instances = []
            for label in range(3):
                box = [10 + 40 * label, 20, 30 + 40 * label, 40]
                image[20:40, box[0] : box[2]] = 70 * label
                instances.append(instance(box, label))
            instances.append(instance([100, 100, 110, 110], 0, ignored=1))
            path = folder / f'{number}.png'
            cv2.imwrite(str(path), image)
            self.infos.append(
                {
                    'img_path': str(path),
                    'img_id': f'<i>{number}&',
                    'width': WH[0],
                    'height': WH[1],
                    'instances': instances,
                    'ignored_regions': [[0, 100, 20, 120]],
                }
            )

    def __len__(self):
        return len(self.infos)

    def get_data_info(self, index):
        info = self.infos[index]
        return {**info, 'instances': [dict(i) for i in info['instances']]}


def instance(bbox, label, ignored=0):
    return {
        'bbox': bbox,
        'bbox_label': label,
        'ignore_flag': ignored,
        'truncation': 0,
        'occlusion': 0,
    }


def mined_canvas(image, shift=0):
    paste = Paste(image % 3, (120, 60, 140, 80), 1.0, 0.0, False, 1.0, 1)
    return MinedCanvas(
        0,
        image,
        f'<i>{image}&',
        pastes=[paste],
        windows=[(0, 0, 96, 96), (64, 32, 160, 120), (50, 60, 98, 108)],
        scale_inds=[1, 1, 0],
        errors=[
            ErrorBox(
                (60 + shift, 70, 70 + shift, 80), 'background', 1, -1, 0.625
            ),
            ErrorBox((10, 20, 30, 40), 'class', 2, 0, 0.5, (12, 20, 32, 41)),
        ],
        chip_errors=[[1], [0], [0, 1]],
        other_errors=[ErrorBox((90, 20, 110, 40), 'missed', -1, 2, 0.0)],
    )


def mined_round(number=2, canvases=None):
    canvases = canvases or [mined_canvas(image) for image in range(4)]
    num = len(canvases)
    return HardChipRound(
        number,
        f'{number:x}' * 64,
        canvases,
        {
            'canvases': 5,
            'objects': [15, 21, 17],
            'pasted': [3, 11, 2],
            'skipped': [1, 0, 4],
            'skipped_pastes': 6,
            'kinds': ['background', 'class'],
            'images': [[0, image] for image in range(5)],
            'errors': {
                'background': [0, num, 0],
                'class': [num, 0, 0],
                'missed': [0, 0, 1234],
            },
            'chips_per_scale': [num, 2 * num, 0],
            'score_thr': 0.4375,
            'f1': 0.25,
            'parts': 12,
            'unlearned': 3,
            'left_out': 0,
            'learned': {
                'normal': {'chips': 10, 'objects': 55, 'empty': 0},
                'hard': {'chips': 12, 'objects': 30, 'empty': 3},
                'background': {'chips': 8, 'objects': 4, 'empty': 3},
                'class': {'chips': 8, 'objects': 28, 'empty': 0},
            },
        },
        {'epoch': 7, 'seed': 11, 'weights': 'cafe' * 16},
    )


@pytest.fixture(scope='module')
def sources(tmp_path_factory):
    root = tmp_path_factory.mktemp('report')
    images = Images(root / 'images')
    build_pool(root / 'pool', images.infos, num_classes=3, min_size=4)
    return RoundSources(
        [images],
        ObjectPool.open(root / 'pool'),
        SCALES,
        facts=[('config', 'configs/<x>.py')],
        settings={'epochs': [7]},
    )


@pytest.fixture
def write(sources, tmp_path):
    def report(
        hard_round=None, previous=None, options=None, sources=sources, **kwargs
    ):
        path = tmp_path / 'report.html'
        write_report(
            path,
            hard_round or mined_round(),
            previous,
            sources,
            options or ReportOptions(),
            **kwargs,
        )
        return path

    return report


def read(path):
    page, loads = read_page(path.read_text('utf-8'))
    assert all(address.startswith('data:') for address in loads)
    return page, {s.attrs['id']: s for s in page.all('section')}


def rows_of(table):
    """Numbers of each row, by its name."""
    return {
        row.all('th')[0].text: values_of(row)
        for row in table.all('tr')
        if row.all('data')
    }


def test_numbers_are_those_of_the_round(write):
    hard_round = mined_round()
    counts = hard_round.counts
    page, parts = read(write(hard_round))
    pasted = rows_of(parts['pasted'].all('table')[0])
    errors = rows_of(parts['errors'].all('table')[0])
    for ind, name in enumerate(CLASSES):
        # 6 images with one object of each class; all went into the pool
        assert pasted[name] == [
            6,
            6,
            counts['pasted'][ind],
            counts['skipped'][ind],
        ]
        assert errors[name] == [
            counts['objects'][ind],
            *(counts['errors'][k][ind] for k in counts['errors']),
        ]
    assert pasted['all'] == [18, 18, 16, 5]
    assert errors['all'] == [53, 4, 4, 1234]
    scales = rows_of(parts['chips'].all('table')[0])
    # The last resort, the whole image, had no chip.
    assert scales == {'48 px': [4], '96 px': [8], 'all': [12]}
    assert rows_of(parts['chips'].all('table')[1]) == {
        'normal chips of the same canvases': [10, 5.5, 0],
        'hard chips': [12, 2.5, 3],
        'hard chips of background taken for objects': [8, 0.5, 3],
        'hard chips of wrong classes': [8, 3.5, 0],
    }
    assert '12 of the 16 detections' in parts['errors'].text
    assert (
        '3 errors of the types that chips are made for' in parts['chips'].text
    )
    assert values_of(page.one('header')) == [5, 12, 53, 4, 4, 1234]
    confusions = parts['errors'].all('table')[1]
    assert confusions.one('tbody').text.split() == [
        'car',
        "awning'd",
        '4',
    ]


def test_head_names_the_origin_of_the_round(write):
    page, _ = read(write())
    head = page.one('header')
    assert page.one('h1').text == 'Mining round 2'
    facts = {div.one('dt').text: div.one('dd').text for div in head.all('div')}
    assert facts == {
        'config': 'configs/<x>.py',
        'weights': 'cafe' * 4,
        'round': '2' * 16,
        'seed': '11',
        'hard chips are made for': 'background taken for objects, '
        'wrong classes',
        'score threshold': '0.438 (best F1, 0.250)',
        'images of the canvases': '5 own, 0 external',
    }
    assert (
        '12 hard chips on 4 of 5 canvases, mined after 7 epochs' in head.text
    )
    assert '"epochs": [ 7 ]' in head.one('pre').text


def test_charts_count_every_chip(write):
    _, parts = read(write())
    errors, objects = parts['chips'].all('figure')
    for chart, values in (
        (errors, {'1': 8, '2': 4}),
        (objects, {'0': 4, '1': 4, '2': 4}),
    ):
        columns = {
            g.all('text')[1].text: int(
                g.one('rect', _class='column').attrs['data-count']
            )
            for g in chart.all('g')
        }
        assert {k: v for k, v in columns.items() if v} == values
        assert sum(columns.values()) == 12


def test_examples_show_detections_and_true_boxes(write):
    canvases = [mined_canvas(image) for image in range(4)]
    # Errors only in chips that hold them.
    hard_round = mined_round(
        canvases=[replace(c, chip_errors=[[1], [0], [0]]) for c in canvases]
    )
    hard_round.counts['kinds'] = ['background', 'class', 'missed']
    options = ReportOptions(num_examples=6)
    _, parts = read(write(hard_round, options=options))
    groups = parts['examples'].all('div', _class='gallery')
    titles = [h.text for h in parts['examples'].all('h3')]
    assert titles == [
        'Background taken for objects',
        'Wrong classes',
        'Missed objects',
    ]
    shown = {}
    for title, group in zip(titles, groups, strict=True):
        figures = group.all('figure')
        assert len(figures) == 2
        # of two images
        assert len({f.all('span')[-1].text for f in figures}) == 2
        shown[title] = figures[0]
    background, wrong, missed = shown.values()
    assert background.one('strong').text == 'background as <b>&"'
    assert 'score 0.62' in background.text
    assert wrong.one('strong').text == "car as awning'd"
    assert '20 × 20 px' in wrong.text
    alt = wrong.one('img').attrs['alt']
    assert alt.startswith("Wrong class: car as awning'd, on image <i>")
    assert missed.one('strong').text == "missed awning'd"
    assert 'score' not in missed.text
    # Each legend ends with the kind of the error.
    legends = [
        [item.text for item in legend.all('li')]
        for legend in parts['examples'].all('ul', _class='legend')
    ]
    assert [names[-1] for names in legends] == [
        'background taken for an object',
        'wrong class',
        'missed object',
    ]


def test_an_example_boxes_the_detection_and_the_object(sources):
    canvas = replace(mined_canvas(1), chip_errors=[[1], [0], [0]])
    (_, gallery), num_lost = example_galleries(
        mined_round(2, [canvas]),
        2,
        sources.renderer(),
        SCALES,
        CLASSES,
    )
    assert num_lost == 0
    names = [item.style.name for item in gallery.legend]
    assert names == ['car', '<b>&"', 'wrong class']
    image = gallery.pictures[0].image
    # 88 pixels around boxes at (10, 20, 30, 40) and (12, 20, 32, 41), in a
    # chip that begins at (0, 0), enlarged by 3.
    assert image.shape == (264, 264, 3)
    found = np.argwhere((image == CLASS_COLORS[0][::-1]).all(axis=2))
    assert found.min(axis=0).tolist() == [60, 30]
    assert found.max(axis=0).tolist() == [119, 89]
    style = ERROR_STYLES['class']
    found = np.argwhere((image == style.color[::-1]).all(axis=2))
    # Two pixels outside of the detection, and two pixels thick.
    assert np.abs(found.min(axis=0) - [58, 34]).max() <= 1
    assert np.abs(found.max(axis=0) - [124, 97]).max() <= 1


def test_canvases_mark_pasted_objects(write):
    _, parts = read(write(options=ReportOptions(num_canvases=3)))
    figures = parts['pasted'].all('figure')
    assert len(figures) == 3
    for figure in figures:
        assert 'pasted: 1 <b>&"' in figure.text
        image = decode(figure.one('img').attrs['src']).astype(int)
        off = np.abs(image[60, 120:140] - CLASS_COLORS[1][::-1]).max(axis=1)
        assert np.median(off) < 40
    legend = parts['pasted'].one('ul', _class='legend')
    assert [item.text for item in legend.all('li')] == ['<b>&"', 'pasted']


def test_a_later_round_is_compared(write):
    earlier = mined_round(1, [mined_canvas(i, shift=9) for i in range(4)])
    _, parts = read(write(previous=earlier))
    *_, fates = parts['changes'].all('table')
    # On 5 images, with the one that had no errors: 4 background errors
    # moved by most of their width, 4 wrong classes are as they were.
    assert rows_of(fates) == {
        'background taken for objects': [5, 4, 4, 0, 0, 4],
        'wrong classes': [5, 4, 0, 0, 4, 0],
        'missed objects': [4, 4, 0, 0, 4, 0],
    }


def test_first_round_has_no_comparison(write):
    _, parts = read(write(mined_round(1)))
    assert 'first round' in parts['changes'].text


def test_rounds_of_other_kinds(write, sources):
    """Negative chips are made from proposals, and nothing is pasted."""
    windows = {'windows': [(0, 0, 48, 48)], 'scale_inds': [0]}
    negative = HardChipRound(
        1,
        'ef' * 32,
        [MinedCanvas(0, 0, '<i>0&', **windows)],
        {'canvases': 3, 'proposals': 40, 'chips_per_scale': [1, 0, 0]},
    )
    bare = RoundSources(sources.datasets, None, SCALES)
    page, parts = read(write(negative, sources=bare))
    assert values_of(page.one('header')) == [3, 1, 40]
    assert 'Nothing was pasted' in parts['pasted'].text
    assert 'not made from errors' in parts['errors'].text
    assert 'none to show' in parts['examples'].text
    (chart,) = parts['chips'].all('figure')
    assert 'Objects' in chart.text
    nothing = HardChipRound(1, 'ef' * 32, [], {}, {'weights': ''})
    page, parts = read(write(nothing, sources=bare))
    assert 'weights none' in page.one('header').text
    assert list(parts) == ['pasted', 'errors', 'examples', 'chips', 'changes']


def test_unreadable_images_are_counted(write, sources, tmp_path):
    images = Images(tmp_path / 'images')
    for info in images.infos[:3]:
        info['img_path'] = str(tmp_path / 'absent.png')
    broken = RoundSources([images], sources.pool, SCALES)
    _, parts = read(write(sources=broken))
    assert len(parts['pasted'].all('figure')) == 1
    assert len(parts['examples'].all('figure')) == 3
    assert '9 more have an image that cannot be read' in parts['examples'].text


def test_page_is_written_whole_and_names_its_round(write, monkeypatch):
    path = write()
    assert reported(path) == '2' * 64
    assert report_path(path.with_name('hard_chips.jsonl')) == path
    assert reported(path.with_name('absent.html')) is None
    content = path.read_bytes()
    write()
    # The same round gives the same bytes.
    assert path.read_bytes() == content

    def fail(page):
        raise RuntimeError(page.title)

    monkeypatch.setattr('mmhcm.apis.report.writer.render_page', fail)
    with pytest.raises(RuntimeError, match='Mining round 2'):
        write()
    assert [p.name for p in path.parent.iterdir()] == ['report.html']
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ('options', 'fault'),
    [
        ({'num_examples': -1}, 'num_examples must be 0 or more, got -1'),
        ({'num_canvases': 'few'}, "num_canvases must .* got 'few'"),
    ],
)
def test_options_are_checked(options, fault):
    with pytest.raises(ValueError, match=fault):
        ReportOptions(**options)


def test_no_pictures_when_none_are_wanted(write):
    page, _ = read(write(options=ReportOptions(0, 0)))
    assert page.all('img') == []


CHECKS = """
Promise.all([...document.images].map(i => i.decode())).then(() => ({
    width: document.documentElement.scrollWidth,
    pictures: [...document.images].filter(i => i.naturalWidth > 0).length,
    paper: getComputedStyle(document.body).backgroundColor,
    styled: getComputedStyle(document.querySelector('.figures')).display,
    narrow: [...document.querySelectorAll('.gallery img')].filter(i =>
        i.getBoundingClientRect().width < 120
    ).length,
}))"""


@pytest.mark.skipif(find_chromium() is None, reason='no Chromium')
def test_in_a_browser(write):
    path = write(previous=mined_round(1))
    with open_tab(find_chromium()) as tab:
        for width in (1280, 390):
            papers = set()
            for scheme in ('light', 'dark'):
                tab.open(path, width, 800, scheme)
                seen = tab.evaluate(CHECKS)
                assert tab.complaints == []
                assert tab.requests == [path.as_uri()]
                assert seen['width'] <= width
                assert seen['pictures'] >= 16
                assert seen['styled'] == 'grid'
                # Wide enough to see the boxes.
                assert seen['narrow'] == 0
                papers.add(seen['paper'])
            assert len(papers) == 2


@pytest.mark.skipif(find_chromium() is None, reason='no Chromium')
def test_the_browser_check_sees_faults(tmp_path):
    """Else it would pass whatever the page does."""
    path = tmp_path / 'bad.html'
    path.write_text(
        '<!doctype html><meta name="viewport" content="width=device-width">'
        '<div style="width: 2000px">x</div><img src="http://127.0.0.1:9/x">'
        '<script>console.log("here")</script>'
    )
    with open_tab(find_chromium()) as tab:
        tab.open(path, 390, 800, 'light')
        assert tab.evaluate('document.documentElement.scrollWidth') > 390
        assert 'http://127.0.0.1:9/x' in tab.requests
        assert any('here' in text for text in tab.complaints)
