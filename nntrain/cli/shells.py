"""Completion in bash, zsh and fish: click's own, extended where its scripts fall short.

Errors are silent, no blank follows a word that ends in = or /, and `--option=value` and `key=value`
are completed although bash splits words at =.
"""

import os
import re
from contextlib import suppress
from typing import Any

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    split_arg_string,
)


class Quiet(ShellComplete):
    """Completion that prints nothing when anything fails."""

    def complete(self) -> str:
        """Return the answer to the shell; an empty one after any error."""
        with suppress(Exception):
            return super().complete()
        return ""

    def get_completions(self, args: list[str], incomplete: str) -> "list[CompletionItem[str]]":
        """Return click's completions, with the `--option=` that click omits."""
        # click drops the words if an option still lacks its value; overrides() needs them.
        self.ctx_args["obj"] = args
        start = incomplete.find("=") + 1 if incomplete.startswith("-") else 0
        return [
            CompletionItem(incomplete[:start] + item.value, item.type, item.help)
            for item in super().get_completions(args, incomplete)
        ]


class Bash(Quiet, BashComplete):
    """Bash splits words at = and :, and replaces only what follows the last of these."""

    source_template = f"""{BashComplete.source_template}
%(complete_func)s_nospace() {{
    local -; set -f  # click's function expands [1] as a pattern
    %(complete_func)s "$@" 2>/dev/null
    if [[ ${{COMPREPLY[0]}} == *[=/] ]]; then compopt -o nospace; fi
}}
complete -o nosort -F %(complete_func)s_nospace %(prog_name)s
"""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the cursor, joined again, and the incomplete one."""
        pieces = os.environ["COMP_WORDS"].split("\n")[: int(os.environ["COMP_CWORD"]) + 1]
        words: list[str] = []
        after_separator = False
        for piece in pieces:
            separates = piece != "" and piece.strip("=:") == ""
            if words and piece and (separates or after_separator):
                words[-1] += piece
            else:
                words.append(piece)
            after_separator = separates
        replaced = "" if after_separator else pieces[-1]
        self._kept = _unquoted(words[-1].removesuffix(replaced))
        self._in_quotes = replaced.startswith(("'", '"'))
        *complete, incomplete = map(_unquoted, words)
        return complete[1:], incomplete

    def format_completion(self, item: "CompletionItem[Any]") -> str:
        """Return the part that bash inserts, quoted where needed."""
        value = item.value.removeprefix(self._kept)
        if not self._in_quotes:
            # Twice, as click's script reads one backslash away.
            value = re.sub(r"[^\w@%+=:,./\[\]-]", r"\\\\\g<0>", value)
        return f"{item.type},{value}"


def _unquoted(word: str) -> str:
    return "".join(split_arg_string(word))


class Zsh(Quiet, ZshComplete):
    """Zsh inserts a match without a blank if it is chosen by its number."""

    source_template = ZshComplete.source_template.replace(
        "_path_files -f", "compset -P '--*='; _path_files -f"
    ).replace(
        "\n}\n",
        """
    if (( compstate[nmatches] == 1 )) && [[ $compstate[unambiguous] == *[=/] ]]; then
        compstate[insert]=1
    fi
}
""",
        1,
    )


class Fish(Quiet, FishComplete):
    """Fish completes up to the cursor, and values and descriptions may contain commas."""

    source_template = (
        FishComplete.source_template.replace("(commandline -t)", "(commandline -ct)")
        .replace('string split ","', 'string split --max 1 ","')
        .replace("__fish_complete_path $metadata[2]", 'complete -C ": "(commandline -ct)')
    )


SHELLS = (Bash, Zsh, Fish)
