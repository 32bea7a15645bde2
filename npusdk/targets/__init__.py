"""Where things run: the same calls on every target. So far this process; centres follow."""

from npusdk.targets.local import LocalTarget, local

__all__ = ["LocalTarget", "local"]
