"""Getting a data set: fetched where its checksum is known, else said what to put where."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from homologue.datasets.unpack import unpack
from homologue.errors import HomologueError
from homologue.progress import Progress, silent

_MIB = 1 << 20
_TIMEOUT = 60.0  # seconds without a byte


@dataclass(frozen=True)
class Source:
    """Where a data set comes from.

    Attributes:
        archive: name of the file at the address.
        folder: that it unpacks to.
        checksum: `md5:` or `sha256:` and the hexadecimal number, if one is published.
        more: what else has to be there, in words; nothing if the archive is all.
    """

    address: str
    archive: str
    folder: str
    checksum: str | None = None
    more: str = ""


SOURCES: Mapping[str, Source] = {
    "cub": Source(
        "https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz",
        "CUB_200_2011.tgz",
        "CUB_200_2011",
        "md5:97eceeb196236b17998738112f37df78",
    ),
    "pf-pascal": Source(
        "https://www.di.ens.fr/willow/research/proposalflow/dataset/PF-dataset-PASCAL.zip",
        "PF-dataset-PASCAL.zip",
        "PF-dataset-PASCAL",
        more="test_pairs_pf_pascal.csv from https://www.di.ens.fr/willow/research/cnngeometric/"
        "other_resources/test_pairs_pf_pascal.csv",
    ),
    "pf-willow": Source(
        "https://www.di.ens.fr/willow/research/proposalflow/dataset/PF-dataset.zip",
        "PF-dataset.zip",
        "PF-dataset",
    ),
    "spair-71k": Source(
        "https://cvlab.postech.ac.kr/research/SPair-71k/data/SPair-71k.tar.gz",
        "SPair-71k.tar.gz",
        "SPair-71k",
    ),
}
"""CUB's is the only archive with a checksum that is widely published and agreed on."""


def download(name: str, source: Source, root: Path, progress: Progress = silent) -> list[Path]:
    """Brings a data set into a folder: fetches its archive if need be, and unpacks it.

    An archive that is already in the folder is unpacked as it is, unless its checksum is known and
    another. One that was fetched is removed once it is unpacked. A download that broke off goes on
    where it stopped.

    Returns:
        The files and folders that were unpacked.

    Raises:
        HomologueError: the data set has to be fetched by hand, or something went wrong.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HomologueError(
            f"{root} cannot be made ({error.strerror}); give --root a folder."
        ) from error
    if (root / source.folder).exists():
        mend = f"add {source.more}" if source.more else "move it away and run this again"
        raise HomologueError(f"{root / source.folder} is there, but not whole; {mend}.")
    archive = root / source.archive
    if source.checksum is None:
        if not archive.is_file():
            raise HomologueError(by_hand(name, source, root))
        return unpack(archive, root, progress=progress)
    given = archive.is_file()
    _fetch(source, archive, progress)
    made = unpack(archive, root, progress=progress)
    if not given:
        archive.unlink()
    return made


def by_hand(name: str, source: Source, root: Path) -> str:
    """One sentence: what to put where."""
    more = f" (and {source.more})" if source.more else ""
    return (
        f"No checksum of {name} is known to verify a download by: fetch {source.address}{more} "
        f"into {root} yourself, and run this again to unpack it."
    )


def _fetch(source: Source, archive: Path, progress: Progress) -> None:
    """Makes sure that the archive is there and has its checksum."""
    try:
        import pooch
        import requests
    except ImportError as error:
        raise HomologueError(
            f"{source.archive} is fetched with pooch: pip install 'homologue[benchmarks]'."
        ) from error
    pooch.get_logger().setLevel("WARNING")
    partial = archive.with_name(f"{archive.name}.part")
    try:
        pooch.retrieve(
            source.address,
            source.checksum,
            fname=archive.name,
            path=archive.parent,
            downloader=_Resuming(partial, progress),
        )
    except requests.RequestException as error:
        done = partial.stat().st_size // _MIB if partial.exists() else 0
        raise HomologueError(
            f"{source.address} could not be fetched ({_reason(error)}); {done} MiB are there, run "
            "this again to go on."
        ) from error
    except ValueError as error:  # pooch's word for another checksum
        raise HomologueError(
            f"What {source.address} gave has not the checksum {source.checksum}, and is thrown "
            "away; run this again, or fetch it elsewhere."
        ) from error
    except OSError as error:
        raise HomologueError(
            f"{archive} cannot be written ({error.strerror or error}); free some space or choose "
            "another folder."
        ) from error


def _reason(error: Exception) -> str:
    """The innermost cause, without the names of classes around it."""
    while error.args and isinstance(error.args[0], Exception):
        error = error.args[0]
    return str(getattr(error, "reason", None) or error)


class _Resuming:
    """A downloader for pooch that keeps what it has in a partial file and goes on from there."""

    def __init__(self, partial: Path, progress: Progress) -> None:
        self._partial, self._progress = partial, progress

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        import requests

        start = self._partial.stat().st_size if self._partial.exists() else 0
        # A server that compressed on the way would send other bytes than those of the file.
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as answer:
            if answer.status_code == requests.codes.requested_range_not_satisfiable:
                # Nothing is missing, or it is another file: the checksum will tell.
                self._partial.replace(output_file)
                return
            answer.raise_for_status()
            if answer.status_code != requests.codes.partial_content:
                start = 0  # the server sends all of it
            self._write(answer, start)
        self._partial.replace(output_file)

    def _write(self, answer: Any, start: int) -> None:
        """Adds what comes to the partial file, from byte `start` on."""
        done = start
        total = start + int(answer.headers.get("Content-Length", 0))
        with self._partial.open("ab" if start else "wb") as file:
            for chunk in answer.iter_content(_MIB):
                file.write(chunk)
                done += len(chunk)
                self._progress("fetch", done // _MIB, max(done, total) // _MIB)
