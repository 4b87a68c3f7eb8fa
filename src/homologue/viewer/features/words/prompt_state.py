"""The prompt of a scene and the selection of words in a session."""

from dataclasses import dataclass

from homologue.viewer.sessions.scene import Scene
from homologue.viewer.sessions.session import Session

NAME = "words"
"""Name of the feature, and key of its data in scenes and sessions."""


@dataclass(frozen=True)
class WordSelection:
    """The words and the point that are displayed; not affected by undo.

    Attributes:
        prompt: prompt to which the selected words belong.
        words: indices of the selected words in the prompt, ascending.
        point: id of the point whose nearest words are requested.
    """

    prompt: str = ""
    words: tuple[int, ...] = ()
    point: str | None = None


def prompt_of(scene: Scene) -> str:
    """Return the prompt of a scene, or "" if it has none."""
    return str(scene.feature_data.get(NAME, ""))


def with_prompt(scene: Scene, prompt: str) -> Scene:
    """Return a scene with this prompt."""
    return scene.with_data(NAME, prompt)


def selection_of(session: Session) -> WordSelection:
    """Return the selection; a selection of words of an earlier prompt is dropped."""
    selection: WordSelection = session.feature_state.get(NAME, WordSelection())
    prompt = prompt_of(session.scene)
    if selection.prompt == prompt:
        return selection
    return WordSelection(prompt, (), selection.point)


def select(session: Session, selection: WordSelection) -> None:
    """Set the selection of a session."""
    session.feature_state[NAME] = selection
