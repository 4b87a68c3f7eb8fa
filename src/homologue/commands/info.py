"""`homologue info`: the model, the machine, versions and the cache."""

from homologue.commands.model_options import ModelOptions, timed_model
from homologue.commands.option_groups import with_option_groups
from homologue.commands.options import Json


@with_option_groups
def info(model: ModelOptions, json: Json = False) -> None:
    """Show the model, the device, the package versions and the cached models."""
    loaded, seconds = timed_model(model.model, model)
    from homologue.console import print_json
    from homologue.information import environment, model_facts

    facts = {"model": {**model_facts(loaded), "load_seconds": round(seconds, 2)}, **environment()}
    if json:
        print_json(facts)
        return
    for section, values in facts.items():
        print(section)
        for name, value in values.items():
            print(f"  {name:18} {value}")
