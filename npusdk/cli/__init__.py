"""The command `npusdk`: parses, calls the pipeline, shows."""

from npusdk.cli.app import main

__all__ = ["main"]
