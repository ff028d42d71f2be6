"""Check the form of a commit message; `make hooks` lets git call this.

Usage: commit_message.py FILE
"""

import re
import sys
from pathlib import Path

WIDTH = 72
GENERATED = ("Merge ", "Revert ", "amend! ", "fixup! ", "squash! ")  # by git
SCISSORS = re.compile(r"^# -+ >8 -+$", re.MULTILINE)  # below it, `git commit -v` shows the diff
NOT_IMPERATIVE = re.compile(r"\w+(ed|ing)\b", re.IGNORECASE)
IMPERATIVE = {
    "bring",
    "embed",
    "exceed",
    "feed",
    "need",
    "proceed",
    "ring",
    "seed",
    "speed",
    "spring",
    "string",
}


def faults(message: str) -> list[str]:
    """What is wrong with a message, a line for each fault."""
    written = SCISSORS.split(message)[0].lstrip("\n")
    lines = [line for line in written.splitlines() if not line.startswith("#")]
    subject, *rest = lines or [""]
    if subject.startswith(GENERATED):
        return []
    first = subject.partition(" ")[0]
    wrong = {
        "the subject is empty": not subject.strip(),
        f"the subject has {len(subject)} characters; at most {WIDTH}": len(subject) > WIDTH,
        "the subject begins with a small letter": subject[:1].islower(),
        "the subject ends with a full stop": subject.endswith("."),
        f"'{first}' is not imperative; write what the commit does: 'Add', 'Mend'": bool(
            NOT_IMPERATIVE.fullmatch(first) and first.lower() not in IMPERATIVE
        ),
        "the second line is not empty": bool(rest and rest[0].strip()),
    }
    long = [
        f"line {number} has {len(line)} characters; at most {WIDTH}"
        for number, line in enumerate(rest, 2)
        if len(line) > WIDTH and " " in line.strip()  # an address cannot be broken
    ]
    return [fault for fault, is_wrong in wrong.items() if is_wrong] + long


if __name__ == "__main__":
    found = faults(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for fault in found:
        print(f"commit message: {fault}", file=sys.stderr)
    sys.exit(bool(found))
