"""Commands with groups of options: dataclasses in place of single parameters."""

import copy
import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Annotated, Any, get_args, get_type_hints

from typer.models import OptionInfo


def with_option_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Replace each parameter of a command that is a group of options by the group's options.

    A group is a dataclass whose fields are annotated with `typer.Option`; its `panel` is the title
    of the options in the help. Typer reads the signature of a function and cannot nest options, so
    the returned function has the fields in place of the groups and builds the groups when called.
    """
    signature = inspect.signature(command, eval_str=True)
    groups = {p.name: p.annotation for p in signature.parameters.values() if _is_group(p)}
    parameters: list[inspect.Parameter] = []
    for parameter in signature.parameters.values():
        parameters += _options(groups[parameter.name]) if _is_group(parameter) else [parameter]
    # A group has no default, but its options have, and options may follow in any order.
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]

    @wraps(command)
    def flat(**values: Any) -> None:
        for name, group in groups.items():
            given = {field.name for field in fields(group)} & values.keys()
            values[name] = group(**{field: values.pop(field) for field in given})
        command(**values)

    flat.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": None}
    flat.__dict__["__signature__"] = signature.replace(parameters=parameters)
    return flat


def _is_group(parameter: inspect.Parameter) -> bool:
    return is_dataclass(parameter.annotation)


def _options(group: Any) -> Iterator[inspect.Parameter]:
    """Yield a parameter for each option of a group."""
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        kind, option = get_args(hints[field.name])
        assert isinstance(option, OptionInfo)
        option = copy.copy(option)
        option.rich_help_panel = group.panel
        yield inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=Annotated[kind, option],
        )
