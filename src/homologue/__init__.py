"""Find the same part of an object in another picture.

import homologue

model = homologue.load("builtin")
found = homologue.match(model, "cat.png", "fox.png", [[120, 80]])
print(found.points, found.scores)
"""

import lazy_loader

__version__ = "0.1.0"

# The stub beside this file lists the public names and the module of each. A name is imported when
# it is first used: torch and diffusers take seconds to import.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
