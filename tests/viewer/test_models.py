"""Which models are kept."""

from typing import Any

from homologue.viewer.models import Models


def test_models_are_loaded_when_needed_and_one_large_one_is_kept() -> None:
    loaded: list[str] = []
    told: list[tuple[str, int, int]] = []

    def load(name: str) -> Any:
        loaded.append(name)
        return f"the model {name}"

    def tell(*args: Any) -> None:
        told.append(args)

    models = Models(["a", "b", "a"], load)
    assert models.names == ("a", "b", "builtin")
    assert loaded == []
    assert models.get("a", tell) == "the model a"
    assert told == [("load", 0, 1), ("load", 1, 1)]
    for name in ("a", "builtin", "a", "b", "builtin", "a"):
        assert models.get(name, tell) == f"the model {name}"
    assert loaded == ["a", "builtin", "b", "a"]


def test_the_builtin_model_can_be_the_first() -> None:
    assert Models(["builtin", "x"], lambda name: None).names == ("builtin", "x")  # type: ignore[arg-type, return-value]
