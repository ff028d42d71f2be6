"""Writes the lowest versions that setup.cfg allows, as constraints for pip."""

import configparser
from pathlib import Path

SETUP = Path(__file__).parents[1] / "setup.cfg"


def lowest_versions(setup: str) -> list[str]:
    """Constraints that hold what nntrain and its dev extra require at the lower bounds.

    Args:
        setup: The text of setup.cfg.

    Raises:
        ValueError: A requirement has no lower bound.
    """
    parser = configparser.ConfigParser()
    parser.read_string(setup)
    required = parser["options"]["install_requires"] + parser["options.extras_require"]["dev"]
    constraints = [line.replace(">=", "==", 1) for line in required.splitlines() if line]
    for line in constraints:
        if "==" not in line:
            raise ValueError(f"setup.cfg: {line} has no lower bound")
    return constraints


if __name__ == "__main__":
    print(*lowest_versions(SETUP.read_text(encoding="utf-8")), sep="\n")
