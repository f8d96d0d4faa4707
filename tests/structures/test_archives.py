import io
import tarfile

import pytest

from mmhcm.structures import archives
from mmhcm.structures.archives import ArchiveError, unpack_tar

FILES = {
    'annotations/a.txt': b'1,2,3\n',
    'annotations/' + 'b' * 150 + '.txt': b'',
    'é/c.txt': b'x' * 1000,
}


def member(name, content=b'', **values):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in values.items():
        setattr(info, key, value)
    return info, io.BytesIO(content)


def write_tar(path, *members, mode='w', **options):
    with tarfile.open(path, mode, **options) as tar:
        for info, content in members:
            tar.addfile(info, content)
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'a.tar'


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / 'deep' / 'out'
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize('mode', ['w', 'w:gz', 'w:bz2', 'w:xz'])
@pytest.mark.parametrize(
    'form', [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT], ids=['pax', 'gnu']
)
def test_files_come_back(path, out, mode, form):
    folder = member('annotations', type=tarfile.DIRTYPE)
    files = [member(name, content) for name, content in FILES.items()]
    write_tar(path, folder, *files, folder, mode=mode, format=form)
    unpack_tar(path, out)
    found = {
        str(file.relative_to(out)): file.read_bytes()
        for file in out.rglob('*.txt')
    }
    assert found == FILES
    assert not any(file.stat().st_mode & 0o7111 for file in out.rglob('*.txt'))


@pytest.mark.parametrize(
    ('bad', 'fault'),
    [
        (member('../a.txt', b'x'), 'outside the destination'),
        (member('a/../../b.txt', b'x'), 'outside the destination'),
        (member('..', type=tarfile.DIRTYPE), 'outside the destination'),
        (
            member('link', type=tarfile.SYMTYPE, linkname='/tmp'),
            'neither a file',
        ),
        (
            member('link', type=tarfile.LNKTYPE, linkname='good.txt'),
            'neither a file',
        ),
        (member('fifo', type=tarfile.FIFOTYPE), 'neither a file'),
        (member('device', type=tarfile.CHRTYPE), 'neither a file'),
        (member('good.txt', b'again'), 'is there twice'),
        (member('./good.txt', b'again'), 'is there twice'),
        (member('GOOD.TXT', b'again'), 'is there twice'),
    ],
)
def test_unsafe_members_are_refused(path, out, bad, fault, tmp_path):
    write_tar(path, member('good.txt', b'good'), bad)
    with pytest.raises(ArchiveError, match=fault) as caught:
        unpack_tar(path, out)
    assert str(caught.value).startswith(f'{path}: ')
    assert len(str(caught.value).splitlines()) == 1
    assert [file.name for file in out.rglob('*')] == ['good.txt']
    assert (out / 'good.txt').read_bytes() == b'good'
    assert sorted(p.name for p in tmp_path.iterdir()) == ['a.tar', 'deep']


def test_a_link_is_not_written_through(path, out, tmp_path):
    write_tar(
        path,
        member('link', type=tarfile.SYMTYPE, linkname=str(tmp_path)),
        member('link/a.txt', b'x'),
    )
    with pytest.raises(ArchiveError, match='neither a file'):
        unpack_tar(path, out)
    assert not (tmp_path / 'a.txt').exists()


def test_an_absolute_name_stays_inside(path, out):
    write_tar(path, member('/a/b.txt', b'x'))
    unpack_tar(path, out)
    assert (out / 'a' / 'b.txt').read_bytes() == b'x'


@pytest.mark.parametrize(
    'names', ['x' * 300, 'good.txt/below.txt'], ids=['long', 'below a file']
)
def test_invalid_names_are_refused(path, out, names):
    write_tar(path, member('good.txt', b'good'), member(names, b'x'))
    with pytest.raises(OSError, match=r'too long|Not a dir|File exists'):
        unpack_tar(path, out)


@pytest.mark.parametrize('mode', ['w', 'w:gz', 'w:xz'])
def test_bombs(path, out, monkeypatch, mode):
    monkeypatch.setattr(archives, 'MAX_TOTAL_BYTES', 100_000)
    write_tar(path, member('a', bytes(200_000)), mode=mode)
    with pytest.raises(ArchiveError, match='or 100000 bytes'):
        unpack_tar(path, out)
    assert not list(out.iterdir())
    monkeypatch.setattr(archives, 'MAX_FILES', 3)
    write_tar(path, *[member(f'{i}') for i in range(9)], mode=mode)
    with pytest.raises(ArchiveError, match='more than 3 files'):
        unpack_tar(path, out)


def test_holes_are_refused(path, out):
    """A few bytes may stand for any size."""
    info = tarfile.TarInfo('a')
    info.pax_headers = {
        'GNU.sparse.major': '0',
        'GNU.sparse.minor': '1',
        'GNU.sparse.map': '0,0',
        'GNU.sparse.size': str(1 << 50),
    }
    write_tar(path, (info, io.BytesIO()), format=tarfile.PAX_FORMAT)
    with pytest.raises(ArchiveError, match='neither a file'):
        unpack_tar(path, out)


@pytest.mark.parametrize('mode', ['w', 'w:gz', 'w:xz'])
def test_every_cut_is_noticed(path, out, mode):
    """tarfile itself takes a damaged header for the end."""
    write_tar(path, member('a', b'x' * 600), member('b'), mode=mode)
    content = path.read_bytes()
    lengths = range(0, len(content), 1 if mode != 'w' else 64)
    for length in lengths:
        if mode == 'w' and length >= 512 * 5:
            break  # what follows the first block of zeros is padding
        for file in out.iterdir():
            file.unlink()
        path.write_bytes(content[:length])
        with pytest.raises(ArchiveError, match=r'a\.tar: '):
            unpack_tar(path, out)


def test_a_damaged_header_is_not_the_end(path, out):
    write_tar(path, member('a', b'x'), member('b', b'y'), member('c'))
    content = bytearray(path.read_bytes())
    content[1024 + 10] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match='damaged or cut short'):
        unpack_tar(path, out)


def test_an_absent_tar(tmp_path, out):
    with pytest.raises(FileNotFoundError):
        unpack_tar(tmp_path / 'absent.tar', out)
