"""Work of the commands in mmhcm.cli, and functions for users."""
