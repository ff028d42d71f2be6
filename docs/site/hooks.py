"""What the site has beyond the files of docs/: generated pages, and links into the repository."""

import posixpath
import re
import subprocess
import sys
from configparser import ConfigParser
from functools import cache
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

sys.path.insert(0, str(Path(__file__).parent))  # MkDocs loads a hook by its path only

from configuration import configuration_page

ROOT = Path(__file__).resolve().parents[2]
DOCS = "docs"
LESSON = "backpropagation.html"
LESSON_MARK = "<!-- on the site, the lesson is here -->"
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)\s#]+)")

# Files of the repository that are pages, too.
PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/NOTES.md": "benchmarks/NOTES.md",
    "benchmarks/optimizers.md": "benchmarks/optimizers.md",
    "benchmarks/results.md": "benchmarks/results.md",
}

COMMANDS = """# All options

What `nntrain COMMAND --help` prints, of every command.

::: mkdocs-click
    :module: nntrain.cli
    :command: main
    :prog_name: nntrain
    :depth: 1
    :style: plain
    :list_subcommands: True
"""

# Heading, and what stands below it.
PYTHON = {
    "Trainings": (
        "nntrain.notebook.session.fit",
        "nntrain.notebook.session.load",
        "nntrain.notebook.run.Run",
        "nntrain.notebook.inspection.inspect",
        "nntrain.classifier.estimator.NNClassifier",
        "nntrain.errors.NNTrainError",
    ),
    "Networks": (
        "nntrain.nn.activations",
        "nntrain.nn.losses",
        "nntrain.nn.layers",
        "nntrain.nn.network",
        "nntrain.nn.convolution",
    ),
    "Optimisers": (
        "nntrain.optim.optimizers",
        "nntrain.optim.schedules",
        "nntrain.optim.initializers",
        "nntrain.optim.regularization",
        "nntrain.optim.averaging",
    ),
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Link to the repository in the footer; `repo_url` would fetch its stars from GitHub."""
    config.extra["social"] = [{"icon": "fontawesome/brands/github", "link": _repository()}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are generated, and those of files outside docs/."""
    generated = {
        "reference/commands.md": COMMANDS,
        "reference/configuration.md": configuration_page(ROOT / "nntrain/config/schema.json"),
        "reference/python.md": _python_page(),
        **{page: (ROOT / file).read_text(encoding="utf-8") for file, page in PAGES.items()},
    }
    for page, content in generated.items():
        files.append(File.generated(config, page, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links out of docs/ lead to pages, or else to the repository."""
    names = {page: file for file, page in PAGES.items()}
    own = names.get(page.file.src_uri, f"{DOCS}/{page.file.src_uri}")

    def target(found: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(own), found[0]))
        if path in PAGES:
            linked = PAGES[path]
        elif path.startswith(f"{DOCS}/"):
            linked = path.removeprefix(f"{DOCS}/")
        else:
            kind = "tree" if (ROOT / path).is_dir() else "blob"
            return f"{_repository()}/{kind}/main/{path}"
        return posixpath.relpath(linked, posixpath.dirname(page.file.src_uri) or ".")

    frame = f'<iframe src="{LESSON}" title="The lesson" class="lesson"></iframe>'
    return LINK.sub(target, markdown).replace(LESSON_MARK, frame)


def on_post_build(config: MkDocsConfig) -> None:
    """Write the lesson, which is a page of its own."""
    lesson = [sys.executable, "-m", "nntrain", "lesson", "--out", f"{config.site_dir}/{LESSON}"]
    subprocess.run(lesson, check=True, stdout=subprocess.DEVNULL)


@cache
def _repository() -> str:
    metadata = ConfigParser()
    metadata.read(ROOT / "setup.cfg", encoding="utf-8")
    return metadata["metadata"]["url"]


def _python_page() -> str:
    parts = ["# Python reference", "[Python](../python.md) has an example of each name."]
    for heading, names in PYTHON.items():
        parts += [f"## {heading}", *(f"::: {name}" for name in names)]
    return "\n\n".join(parts) + "\n"
