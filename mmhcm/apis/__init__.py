"""Work of the commands in tools/, and what users call."""
