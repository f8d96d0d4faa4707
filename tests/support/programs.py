"""Pickled programs, as a hostile checkpoint holds them."""

import os


class Program:
    """Creates a folder when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)
