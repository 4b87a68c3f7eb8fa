"""Loading and storage of models."""

from typing import Any

from homologue.viewer.models import Models


def test_models_are_loaded_on_first_use_and_one_other_model_is_stored() -> None:
    loaded: list[str] = []
    reported: list[tuple[str, int, int]] = []

    def load(name: str) -> Any:
        loaded.append(name)
        return f"the model {name}"

    def report(*args: Any) -> None:
        reported.append(args)

    models = Models(["a", "b", "a"], load)
    assert models.names == ("a", "b", "builtin")
    assert loaded == []
    assert models.get("a", report) == "the model a"
    assert reported == [("load", 0, 1), ("load", 1, 1)]
    for name in ("a", "builtin", "a", "b", "builtin", "a"):
        assert models.get(name, report) == f"the model {name}"
    assert loaded == ["a", "builtin", "b", "a"]


def test_the_builtin_model_can_be_the_first() -> None:
    assert Models(["builtin", "x"], lambda name: None).names == ("builtin", "x")  # type: ignore[arg-type, return-value]
