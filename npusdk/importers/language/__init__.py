"""Language models by configuration: what a `config.json` says, and the graph of one pass of the model it describes."""

from npusdk.importers.language.bundled import Bundled, LanguageSource, bundled_models, read_config
from npusdk.importers.language.configuration import LanguageConfig
from npusdk.importers.language.families import from_huggingface
from npusdk.importers.language.graph import BLOCK, PassGraph, Share, pass_graph

__all__ = [
    "BLOCK",
    "Bundled",
    "LanguageConfig",
    "LanguageSource",
    "PassGraph",
    "Share",
    "bundled_models",
    "from_huggingface",
    "pass_graph",
    "read_config",
]
