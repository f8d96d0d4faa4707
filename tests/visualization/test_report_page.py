import base64
import hashlib
import re

import numpy as np
import pytest

from mmhcm.visualization.box_styles import BoxStyle
from mmhcm.visualization.pictures import LegendItem
from mmhcm.visualization.report_page import (
    Cell,
    Chart,
    Gallery,
    Page,
    Picture,
    Section,
    Table,
    data_uri,
    format_number,
    render_page,
)
from tests.support.html_page import decode, read_page, values_of

NASTY = '<b>&"\'</b><script>alert(1)</script>'


def make_page(text='words'):
    image = np.full((8, 12, 3), (10, 20, 200), dtype=np.uint8)
    picture = Picture(image, text, text, [text])
    legend = [LegendItem(BoxStyle(text, (10, 20, 30)))] * 2
    blocks = [
        Table(
            text,
            ['class', text],
            [[text, Cell(1234, share=0.5, style='missed', note=text)]],
            [text, Cell(0.25, text)],
        ),
        Chart(text, [(text, 3), ('1', 0)], text),
        Gallery(text, text, [picture] * 2, legend, large=True),
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
    pictures = page.one('div', _class='gallery large').all('img')
    assert {image.attrs['alt'] for image in pictures} == {NASTY}


def test_page_loads_no_files():
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
    for image in page.one('div', _class='gallery large').all('img'):
        assert image.attrs['alt']
        assert (image.attrs['width'], image.attrs['height']) == ('12', '8')
    # A swatch says nothing that its name does not say.
    for item in page.one('ul', _class='legend').all('li'):
        assert item.one('img').attrs['alt'] == ''


def test_the_legend_shows_how_boxes_look():
    page, _ = read_page(render_page(make_page()))
    (item, _) = page.one('ul', _class='legend').all('li')
    assert item.text == 'words'
    swatch = decode(item.one('img').attrs['src'])
    assert swatch.shape == (22, 34, 3)
    assert ((swatch == (30, 20, 10)).all(axis=2)).any()


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


def test_stated_size_is_that_of_the_page():
    page = make_page()
    noise = np.random.default_rng(0).integers(0, 256, (600, 600, 3))
    picture = Picture(noise.astype(np.uint8), 'a', 'b')
    section = Section('c', 'd', [], [Gallery('e', 'f', [picture])])
    html = render_page(Page(**{**vars(page), 'sections': [section]}))
    stated = re.search(r'This page is (\d+\.\d) MB', html)
    assert float(stated[1]) == pytest.approx(len(html) / 1e6, abs=0.051)
    assert float(stated[1]) > 0.2


@pytest.mark.parametrize(
    ('suffix', 'kind', 'atol'), [('.jpg', 'jpeg', 4), ('.png', 'png', 0)]
)
def test_data_uri(suffix, kind, atol):
    image = np.full((8, 12, 3), (10, 20, 200), dtype=np.uint8)
    uri = data_uri(image, suffix)
    assert uri.startswith(f'data:image/{kind};base64,')
    np.testing.assert_allclose(decode(uri), image, atol=atol)


def test_thin_lines_keep_their_colour():
    image = np.full((64, 64, 3), 90, dtype=np.uint8)
    image[:, 32] = 0, 0, 255
    shown = decode(Picture(image, 'a', 'b').uri).astype(int)
    red = shown[:, 32, 2] - shown[:, 32, :2].max(axis=1)
    assert red.min() > 150
