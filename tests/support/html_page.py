"""A strict reader of HTML pages, for checks of their structure."""

import base64
from dataclasses import dataclass, field
from html.parser import HTMLParser

import cv2
import numpy as np

_VOID = {'img', 'input', 'link', 'meta'}
#: Attributes that make a browser fetch something.
_LOADING = {
    'action',
    'background',
    'data',
    'formaction',
    'poster',
    'src',
    'srcset',
    'xlink:href',
}


@dataclass
class Element:
    """A tag with its attributes, its text and the elements within."""

    tag: str
    attrs: dict
    parts: list = field(default_factory=list)

    @property
    def text(self):
        """All text inside, with single spaces."""
        texts = [p if isinstance(p, str) else p.text for p in self.parts]
        return ' '.join(' '.join(texts).split())

    def all(self, tag, **attrs):
        """Elements of a tag inside, at any depth."""
        found = []
        for part in self.parts:
            if isinstance(part, Element):
                wanted = part.tag == tag and all(
                    part.attrs.get(k.strip('_')) == v for k, v in attrs.items()
                )
                found += [part] * wanted + part.all(tag, **attrs)
        return found

    def one(self, tag, **attrs):
        """The only element of a tag."""
        (element,) = self.all(tag, **attrs)
        return element


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.stack = [Element('page', {})]
        self.loads = []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        assert len(values) == len(attrs), f'{tag} repeats an attribute'
        assert not any(name.startswith('on') for name in values), values
        assert 'style' not in values, 'the policy lets no such styles in'
        self.loads += [v for k, v in attrs if k in _LOADING]
        if tag == 'link':
            self.loads.append(values['href'])
        element = Element(tag, values)
        self.stack[-1].parts.append(element)
        if tag not in _VOID:
            self.stack.append(element)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.stack.pop()

    def handle_endtag(self, tag):
        assert self.stack[-1].tag == tag, (
            f'</{tag}> at {self.getpos()} ends <{self.stack[-1].tag}>'
        )
        self.stack.pop()

    def handle_data(self, data):
        self.stack[-1].parts.append(data)


def read_page(text):
    """Parse a page whose every tag is ended, in order.

    Returns:
        The page, and all that a browser would fetch.
    """
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert [e.tag for e in reader.stack] == ['page'], 'a tag is left open'
    return reader.stack[0], reader.loads


def values_of(element):
    """Numbers of the ``data`` elements inside, in order."""
    return [float(e.attrs['value']) for e in element.all('data')]


def decode(uri):
    """Decode a picture (h, w, 3), BGR, from a data URI."""
    content = base64.b64decode(uri.partition(',')[2])
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
