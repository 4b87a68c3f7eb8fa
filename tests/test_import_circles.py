"""The order of the package's files. The order of its folders is in `pyproject.toml`."""

from graphlib import TopologicalSorter

import grimp


def test_no_files_import_each_other() -> None:
    """Imports inside functions and for types count, too; the error names the circle."""
    graph = grimp.build_graph("homologue", cache_dir=None)
    imported = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    assert len(imported) > 200
    TopologicalSorter(imported).prepare()
