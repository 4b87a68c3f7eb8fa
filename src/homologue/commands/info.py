"""`homologue info`: what there is to work with."""

from homologue.commands.options import (
    Config,
    Device,
    Dtype,
    Json,
    Model,
    Offline,
    Revision,
    Vae,
    Variant,
)
from homologue.commands.values import timed_model


def info(
    model: Model = "builtin",
    device: Device = None,
    dtype: Dtype = None,
    variant: Variant = None,
    revision: Revision = None,
    vae: Vae = None,
    config: Config = None,
    offline: Offline = False,
    json: Json = False,
) -> None:
    """Show the model, the device, versions, and the models in the cache."""
    loaded, seconds = timed_model(model, device, dtype, variant, revision, vae, offline, config)
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
