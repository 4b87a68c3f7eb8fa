"""The text of a configuration in a run's metadata."""

import hashlib

from homologue.evaluation.storage.schema import canonical, configuration_hash


def test_the_hash_is_of_the_canonical_text() -> None:
    text = canonical({"b": [1, 0.5], "a": {"d": None, "c": "é"}})
    assert text == r'{"a":{"c":"\u00e9","d":null},"b":[1,0.5]}'
    assert text == canonical({"a": {"c": "é", "d": None}, "b": (1, 0.5)})
    assert configuration_hash(text) == hashlib.sha256(text.encode()).hexdigest()
