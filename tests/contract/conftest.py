"""The shell in which the programs run: the notebook tests' own."""

from tests.notebook.conftest import bare_shell

__all__ = ["bare_shell"]
