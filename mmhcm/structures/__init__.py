"""Records and the files that hold them; NumPy and the standard library."""
