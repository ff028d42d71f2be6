"""How the shells ask for completions, and what is told to each of them.

Scripts and protocol are click's, but for this: whatever goes wrong is silent, nothing is put behind
a word that ends in = or /, and `--option=value` and `key=value` are words that bash takes apart.
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
    """What is the same in all shells."""

    def complete(self) -> str:
        """The answer; nothing if anything goes wrong."""
        with suppress(Exception):
            return super().complete()
        return ""

    def get_completions(self, args: list[str], incomplete: str) -> "list[CompletionItem[str]]":
        """Whole words, where click leaves `--option=` away."""
        self.ctx_args["obj"] = args  # click forgets them where an option still lacks its value
        start = incomplete.find("=") + 1 if incomplete.startswith("-") else 0
        return [
            CompletionItem(incomplete[:start] + item.value, item.type, item.help)
            for item in super().get_completions(args, incomplete)
        ]


class Bash(Quiet, BashComplete):
    """Bash splits words at = and :, too, and wants only what belongs behind the last of these."""

    source_template = r"""%(complete_func)s() {
    local type value
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            plain)
                COMPREPLY+=("$value")
                if [[ $value == *[=/] ]]; then compopt -o nospace; fi
                ;;
            file) compopt -o default ;;
            dir) compopt -o dirnames ;;
        esac
    done < <(
        IFS=$'\n'
        env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD="$COMP_CWORD" \
            %(complete_var)s=bash_complete "$1" 2>/dev/null
    )
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is being typed, and that one."""
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
        # What bash keeps of the word, and what it replaces by an answer.
        replaced = "" if after_separator else pieces[-1]
        self._kept = _unquoted(words[-1].removesuffix(replaced))
        self._in_quotes = replaced.startswith(("'", '"'))
        *complete, incomplete = map(_unquoted, words)
        return complete[1:], incomplete

    def format_completion(self, item: "CompletionItem[Any]") -> str:
        """The part that bash does not have yet, quoted as it needs to be."""
        value = item.value.removeprefix(self._kept)
        if not self._in_quotes:
            value = re.sub(r"[^\w@%+=:,./\[\]-]", r"\\\g<0>", value)
        return f"{item.type},{value}"


def _unquoted(word: str) -> str:
    return "".join(split_arg_string(word))


class Zsh(Quiet, ZshComplete):
    """Zsh quotes by itself, and shows what a word means."""

    source_template = r"""#compdef %(prog_name)s

%(complete_func)s() {
    local -a plain plain_open described described_open response
    local type key descr
    (( ! $+commands[%(prog_name)s] )) && return 1

    response=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) \
        %(complete_var)s=zsh_complete %(prog_name)s 2>/dev/null)}")

    for type key descr in ${response}; do
        case $type:$key:$descr in
            (plain:*[=/]:_) plain_open+=("$key") ;;
            (plain:*:_) plain+=("$key") ;;
            (plain:*[=/]:*) described_open+=("$key:$descr") ;;
            (plain:*) described+=("$key:$descr") ;;
            (dir:*) _path_files -/ ;;
            (file:*) compset -P '--*='; _path_files -f ;;
        esac
    done

    (( $#described )) && _describe -V unsorted described -U
    (( $#described_open )) && _describe -V unsorted described_open -U -S ''
    (( $#plain )) && compadd -U -V unsorted -a plain
    (( $#plain_open )) && compadd -U -V unsorted -S '' -a plain_open
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""


class Fish(Quiet, FishComplete):
    """Fish, too; it knows that words ending in = or / go on."""

    source_template = r"""function %(complete_func)s
    for line in (env COMP_WORDS=(commandline -cp) COMP_CWORD=(commandline -ct) \
            %(complete_var)s=fish_complete %(prog_name)s 2>/dev/null)
        set -l answer (string split --max 1 "," -- $line)
        switch $answer[1]
            case plain
                echo $answer[2]
            case file
                complete --do-complete ": "(commandline -ct)
            case dir
                __fish_complete_directories $answer[2]
        end
    end
end
complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


SHELLS = (Bash, Zsh, Fish)
