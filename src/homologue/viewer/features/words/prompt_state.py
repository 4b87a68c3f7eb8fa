"""What a session has of words: the prompt, which is part of the scene, and what is chosen of it."""

from dataclasses import dataclass, replace
from types import MappingProxyType

from homologue.viewer.sessions.scene import Scene
from homologue.viewer.sessions.session import Session

NAME = "words"


@dataclass(frozen=True)
class Choice:
    """What is looked at, which is not to be undone.

    Attributes:
        prompt: of which words are chosen; of another one none are.
        words: places in the prompt of those that are combined, in its order.
        point: id of the point whose name is asked for.
    """

    prompt: str = ""
    words: tuple[int, ...] = ()
    point: str | None = None


def prompt_of(scene: Scene) -> str:
    """The prompt of a scene, "" if there is none."""
    return str(scene.more.get(NAME, ""))


def with_prompt(scene: Scene, prompt: str) -> Scene:
    return replace(scene, more=MappingProxyType({**scene.more, NAME: prompt}))


def choice_of(session: Session) -> Choice:
    """What is chosen of the prompt that the session has now."""
    kept: Choice = session.aside.get(NAME, Choice())
    prompt = prompt_of(session.scene)
    return kept if kept.prompt == prompt else Choice(prompt, (), kept.point)


def choose(session: Session, choice: Choice) -> None:
    session.aside[NAME] = choice
