import struct
from pathlib import Path

import pytest
from PIL import Image

from mmhcm.structures import images
from mmhcm.structures.images import (
    distinct_names,
    read_image_sizes,
    read_sizes_csv,
)


def test_read_image_sizes_by_stem(tmp_path):
    assert read_image_sizes(tmp_path) == {}
    Image.new('RGB', (7, 5)).save(tmp_path / 'a.b.jpg')
    Image.new('L', (3, 9)).save(tmp_path / 'c.PNG')
    (tmp_path / 'notes.txt').write_text('no image')
    assert read_image_sizes(tmp_path) == {'a.b': (7, 5), 'c': (3, 9)}


def test_files_of_attributes_are_no_images(tmp_path):
    Image.new('RGB', (7, 5)).save(tmp_path / 'a.jpg')
    (tmp_path / '._a.jpg').write_bytes(b'attributes of macOS')
    assert read_image_sizes(tmp_path) == {'a': (7, 5)}


def slow_distinct_names(paths):
    names = []
    for path in paths:
        parts = Path(path).with_suffix('').parts
        for num in range(1, len(parts) + 1):
            name = parts[-num:]
            others = [
                Path(other).with_suffix('').parts[-num:]
                for other in paths
                if other != path
            ]
            if name not in others:
                break
        names.append('/'.join(name))
    return names


@pytest.mark.parametrize(
    'paths',
    [
        [],
        ['a.jpg'],
        ['x/a.jpg', 'x/b.jpg'],
        ['x/a.jpg', 'y/a.jpg', 'y/b.jpg'],
        ['x/c/a.jpg', 'y/c/a.jpg', 'y/d/a.jpg', 'z/b.jpg'],
    ],
)
def test_distinct_names(paths):
    assert distinct_names(paths) == slow_distinct_names(paths)


def test_read_image_sizes_rejects(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_image_sizes(tmp_path / 'absent')
    (tmp_path / 'a.jpg').write_bytes(b'no image')
    with pytest.raises(ValueError, match=r'a\.jpg: not a readable image'):
        read_image_sizes(tmp_path)
    Image.new('RGB', (7, 5)).save(tmp_path / 'a.jpg')
    Image.new('RGB', (7, 5)).save(tmp_path / 'a.png')
    with pytest.raises(ValueError, match=r'a\.png: another image'):
        read_image_sizes(tmp_path)


@pytest.mark.parametrize(
    ('text', 'sizes'),
    [
        ('', {}),
        ('name,width,height\n', {}),
        ('a,1,2\r\n\r\nb.jpg, 3 ,4\n', {'a': (1, 2), 'b': (3, 4)}),
        ('name,width,height\na.b,1,2', {'a.b': (1, 2)}),
    ],
    ids=['empty', 'header', 'crlf-no-header', 'dotted'],
)
def test_read_sizes_csv(tmp_path, text, sizes):
    path = tmp_path / 'sizes.csv'
    path.write_bytes(text.encode())
    assert read_sizes_csv(path) == sizes


@pytest.mark.parametrize('row', ['a,1', 'b,0,2', 'b,-1,2', 'b,x,2', 'a,1,2'])
def test_read_sizes_csv_names_the_line(tmp_path, row):
    path = tmp_path / 'sizes.csv'
    path.write_text(f'a,1,2\n{row}\n')
    with pytest.raises(ValueError, match=r'sizes\.csv:2: '):
        read_sizes_csv(path)


@pytest.mark.parametrize(
    'content',
    [
        b'a,1,\xff\n',
        b'a,1,' + b'9' * 5000 + b'\n',
        b'a,1,2147483648000\n',
        b'a,1,2\n' + b'x' * 200_000 + b',1,2\n',
        b'a,1\x00,2\n',
        'a,1,\u0663\n'.encode(),
    ],
    ids=['encoding', 'digits', 'huge', 'field', 'zero', 'other digits'],
)
def test_malformed_rows(tmp_path, content):
    path = tmp_path / 'sizes.csv'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r'sizes\.csv') as caught:
        read_sizes_csv(path)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert len(message) < 300 + len(str(path))


@pytest.mark.parametrize('error', [SyntaxError, struct.error, ValueError])
def test_any_fault_in_a_header_names_the_file(tmp_path, monkeypatch, error):
    def fail(path):
        raise error('damaged')

    monkeypatch.setattr(Image, 'open', fail)
    path = tmp_path / 'a.jpg'
    path.touch()
    with pytest.raises(ValueError, match=r'a\.jpg: not a readable image'):
        read_image_sizes(tmp_path)


def test_images_beyond_the_pixel_limit_are_an_error(tmp_path, monkeypatch):
    Image.new('L', (7, 5)).save(tmp_path / 'a.png')
    monkeypatch.setattr(images, 'MAX_PIXELS', 34)
    with pytest.raises(ValueError, match=r'a\.png: 7 x 5 pixels'):
        read_image_sizes(tmp_path)
    monkeypatch.setattr(images, 'MAX_PIXELS', 35)
    assert read_image_sizes(tmp_path) == {'a': (7, 5)}
