"""`homologue info`: what there is to work with."""

from homologue.commands.options import (
    DEFAULT_MODEL_OPTIONS,
    Json,
    Model,
    ModelOptions,
    with_model_options,
)
from homologue.commands.values import timed_model


@with_model_options
def info(
    model: Model = "builtin",
    loading: ModelOptions = DEFAULT_MODEL_OPTIONS,
    json: Json = False,
) -> None:
    """Show the model, the device, versions, and the models in the cache."""
    loaded, seconds = timed_model(model, loading)
    from homologue.console import print_json
    from homologue.information import environment, model_facts

    facts = {"model": {**model_facts(loaded), "load_seconds": round(seconds, 2)}, **environment()}
    if json:
        print_json(facts)
        return
    for part, values in facts.items():
        print(part)
        for name, value in values.items():
            print(f"  {name:18} {value}")
