"""What came of a command line, and that one was refused."""

import json
from typing import Any


class Outcome:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


def refused(outcome: Outcome, *words: str) -> None:
    """Code 2, nothing on stdout, one line on stderr that names what matters."""
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("homologue: ")
    assert outcome.err.count("\n") == 1
    for word in words:
        assert word in outcome.err
