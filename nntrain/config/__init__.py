"""Loads YAML into a typed configuration and builds objects from it."""

from nntrain.config.finder import FileFinder
from nntrain.config.load import dump_config, load_config, make_config, parse_config, starter_text
from nntrain.config.schema import Config

__all__ = [
    "Config",
    "FileFinder",
    "dump_config",
    "load_config",
    "make_config",
    "parse_config",
    "starter_text",
]
