import base64
import hashlib
import re

import cv2
import numpy as np
import pytest

from mmhcm.visualization.report_page import (
    Cell,
    Chart,
    Gallery,
    Mark,
    Page,
    Picture,
    Section,
    Table,
    format_number,
    jpeg_uri,
    render_page,
)
from tests.support.html_page import read_page, values_of

NASTY = '<b>&"\'</b><script>alert(1)</script>'


def make_page(text='words'):
    image = np.full((8, 12, 3), (10, 20, 200), dtype=np.uint8)
    marks = [
        Mark((1, 2, 5, 7), style, text)
        for style in ('detection', 'truth', 'other', 'pasted')
    ]
    picture = Picture(jpeg_uri(image), (12, 8), text, text, [text], marks)
    blocks = [
        Table(
            text,
            ['class', text],
            [[text, Cell(1234, share=0.5, style='missed', note=text)]],
            [text, Cell(0.25, text)],
        ),
        Chart(text, [(text, 3), ('1', 0)], text),
        Gallery(text, text, [picture, picture], large=True),
    ]
    return Page(
        title=text,
        lead=text,
        facts=[(text, text)],
        figures=[(text, Cell(7, note=text))],
        sections=[Section('part', text, [text], blocks), Section('b', text)],
        settings=text,
        foot=text,
        marker=text,
    )


def test_every_text_is_escaped():
    html = render_page(make_page(NASTY))
    page, _ = read_page(html)
    assert page.all('script') == page.all('b') == []
    assert '<b>' not in html
    # As often as it was put in, and whole.
    plain = render_page(make_page()).count('words')
    escaped = html.count('&lt;b&gt;&amp;&#34;&#39;&lt;/b&gt;')
    assert escaped == plain > 20
    assert page.one('h1').text == NASTY
    assert {image.attrs['alt'] for image in page.all('img')} == {NASTY}


def test_it_loads_nothing():
    html = render_page(make_page())
    page, loads = read_page(html)
    assert loads
    assert all(address.startswith('data:') for address in loads)
    assert not re.search(r'https?:|//[a-z]|@import|url\(', html)
    policy = page.one(
        'meta', **{'http-equiv': 'Content-Security-Policy'}
    ).attrs['content']
    rules = dict(rule.split(' ', 1) for rule in policy.split('; '))
    assert rules['default-src'] == rules['base-uri'] == "'none'"
    assert rules['img-src'] == 'data:'
    css = html.partition('<style>')[2].partition('</style>')[0]
    digest = hashlib.sha256(css.encode()).digest()
    assert (
        rules['style-src'] == f"'sha256-{base64.b64encode(digest).decode()}'"
    )
    # The policy is ahead of all that it rules.
    assert html.index('Content-Security') < html.index('<style>')


def test_structure():
    page, _ = read_page(render_page(make_page()))
    assert page.one('html').attrs['lang'] == 'en'
    assert page.one('head').one('title').text == 'words'
    ids = [e.attrs['id'] for e in page.all('section')]
    assert [a.attrs['href'] for a in page.one('nav').all('a')] == [
        f'#{name}' for name in ids
    ]
    assert all(table.one('caption').text for table in page.all('table'))
    for table in page.all('table'):
        widths = {
            len(row.all('th') + row.all('td')) for row in table.all('tr')
        }
        assert len(widths) == 1
    for image in page.all('img'):
        assert image.attrs['alt']
        assert (image.attrs['width'], image.attrs['height']) == ('12', '8')
    # Whatever the pictures, the kinds of boxes are explained once.
    assert len(page.one('ul', _class='legend').all('li')) == 4


def test_marks_lie_where_they_were_put():
    page, _ = read_page(render_page(make_page()))
    frame = page.all('div', _class='frame')[0]
    group = frame.one('g', _class='truth')
    assert frame.one('svg').attrs['viewbox'] == '0 0 12 8'
    for rect in group.all('rect'):
        sides = [rect.attrs[k] for k in ('x', 'y', 'width', 'height')]
        assert sides == ['1.0', '2.0', '4.0', '5.0']
    assert group.one('title').text == 'words'


def test_numbers_and_bars():
    page, _ = read_page(render_page(make_page()))
    (body,) = page.all('tbody')
    assert values_of(body) == [1234]
    assert body.one('data').text == '1,234'
    assert body.one('rect', _class='fill').attrs['width'] == '50.00'
    assert values_of(page.one('tfoot')) == [0.25]
    columns = page.all('rect', _class='column')
    assert [c.attrs['data-count'] for c in columns] == ['3', '0']
    heights = [float(c.attrs['height']) for c in columns]
    assert heights[0] > heights[1] == 0


@pytest.mark.parametrize(
    ('value', 'text'),
    [(0, '0'), (1234567, '1,234,567'), (2.0, '2'), (0.125, '0.12')],
)
def test_format_number(value, text):
    assert format_number(value) == text


def test_the_size_is_that_of_the_page():
    page = make_page()
    noise = np.random.default_rng(0).integers(0, 256, (600, 600, 3))
    picture = Picture(
        jpeg_uri(noise.astype(np.uint8), 95), (600, 600), 'a', 'b'
    )
    section = Section('c', 'd', [], [Gallery('e', 'f', [picture])])
    html = render_page(Page(**{**vars(page), 'sections': [section]}))
    stated = re.search(r'This page is (\d+\.\d) MB', html)
    assert float(stated[1]) == pytest.approx(len(html) / 1e6, abs=0.051)
    assert float(stated[1]) > 0.2


def test_jpeg_uri():
    image = np.full((8, 12, 3), (10, 20, 200), dtype=np.uint8)
    uri = jpeg_uri(image)
    kind, _, content = uri.partition(',')
    assert kind == 'data:image/jpeg;base64'
    decoded = cv2.imdecode(
        np.frombuffer(base64.b64decode(content), np.uint8), cv2.IMREAD_COLOR
    )
    np.testing.assert_allclose(decoded, image, atol=4)
