"""Download data sets with a known checksum; explain the manual download of the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from homologue.datasets.unpack import unpack
from homologue.errors import HomologueError
from homologue.progress import Progress, silent

_MIB = 1 << 20
_TIMEOUT = 60.0  # seconds without data


@dataclass(frozen=True)
class DataSource:
    """Archive of a data set.

    Attributes:
        url: address of the archive.
        archive: file name of the archive.
        folder: folder that the archive unpacks to.
        checksum: `md5:` or `sha256:` and the hexadecimal digest; None if none is published.
        extra: description of further files to download by hand; may be empty.
    """

    url: str
    archive: str
    folder: str
    checksum: str | None = None
    extra: str = ""


SOURCES: Mapping[str, DataSource] = {
    "cub": DataSource(
        "https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz",
        "CUB_200_2011.tgz",
        "CUB_200_2011",
        "md5:97eceeb196236b17998738112f37df78",
    ),
    "pf-pascal": DataSource(
        "https://www.di.ens.fr/willow/research/proposalflow/dataset/PF-dataset-PASCAL.zip",
        "PF-dataset-PASCAL.zip",
        "PF-dataset-PASCAL",
        extra="test_pairs_pf_pascal.csv from https://www.di.ens.fr/willow/research/cnngeometric/"
        "other_resources/test_pairs_pf_pascal.csv",
    ),
    "pf-willow": DataSource(
        "https://www.di.ens.fr/willow/research/proposalflow/dataset/PF-dataset.zip",
        "PF-dataset.zip",
        "PF-dataset",
    ),
    "spair-71k": DataSource(
        "https://cvlab.postech.ac.kr/research/SPair-71k/data/SPair-71k.tar.gz",
        "SPair-71k.tar.gz",
        "SPair-71k",
    ),
}
"""Data sets by benchmark. Only the archive of CUB-200-2011 has an agreed, published checksum."""


def download(name: str, source: DataSource, root: Path, progress: Progress = silent) -> list[Path]:
    """Download and unpack a data set.

    An interrupted download resumes. An archive that is already in `root` is used if its checksum is
    correct or unknown, and not deleted; a downloaded archive is deleted after it is unpacked.

    Args:
        name: name of the benchmark, for errors.
        source: where to download it from.
        root: folder to unpack into; created if missing.
        progress: called with `"fetch"` or `"unpack"`, the MiB done and the MiB in total.

    Returns:
        The unpacked files and folders.

    Raises:
        HomologueError: the data set must be downloaded by hand, is incomplete, or the download or
            the archive failed.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HomologueError(
            f"{root} cannot be created ({error.strerror}); give --root a folder."
        ) from error
    if (root / source.folder).exists():
        remedy = f"add {source.extra}" if source.extra else "move it away and run this again"
        raise HomologueError(f"{root / source.folder} exists but is incomplete; {remedy}.")
    archive = root / source.archive
    if source.checksum is None:
        if not archive.is_file():
            raise HomologueError(_manual_download(name, source, root))
        return unpack(archive, root, progress=progress)
    existed = archive.is_file()
    _fetch(source, archive, progress)
    unpacked = unpack(archive, root, progress=progress)
    if not existed:
        archive.unlink()
    return unpacked


def _manual_download(name: str, source: DataSource, root: Path) -> str:
    extra = f" (and {source.extra})" if source.extra else ""
    return (
        f"No checksum of {name} is known, so a download cannot be verified: download "
        f"{source.url}{extra} to {root} yourself, and run this again to unpack it."
    )


def _fetch(source: DataSource, archive: Path, progress: Progress) -> None:
    """Download the archive unless it exists, and verify its checksum."""
    try:
        import pooch
        import requests
    except ImportError as error:
        raise HomologueError(
            f"{source.archive} is downloaded with pooch; install it with "
            "`pip install 'homologue[benchmarks]'`."
        ) from error
    pooch.get_logger().setLevel("WARNING")
    partial = archive.with_name(f"{archive.name}.part")
    try:
        pooch.retrieve(
            source.url,
            source.checksum,
            fname=archive.name,
            path=archive.parent,
            downloader=_ResumingDownloader(partial, progress),
        )
    except requests.RequestException as error:
        done = partial.stat().st_size // _MIB if partial.exists() else 0
        raise HomologueError(
            f"{source.url} could not be downloaded ({_reason(error)}); {done} MiB are downloaded, "
            "run this again to resume."
        ) from error
    except ValueError as error:  # raised by pooch for a wrong checksum
        raise HomologueError(
            f"The download of {source.url} does not have the checksum {source.checksum} and was "
            "deleted; run this again, or download it from another site."
        ) from error
    except OSError as error:
        raise HomologueError(
            f"{archive} cannot be written ({error.strerror or error}); free some space or choose "
            "another folder."
        ) from error


def _reason(error: Exception) -> str:
    """Return the message of the innermost exception."""
    while error.args and isinstance(error.args[0], Exception):
        error = error.args[0]
    return str(getattr(error, "reason", None) or error)


class _ResumingDownloader:
    """A downloader for pooch that resumes from a partial file."""

    def __init__(self, partial: Path, progress: Progress) -> None:
        self._partial, self._progress = partial, progress

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        import requests

        start = self._partial.stat().st_size if self._partial.exists() else 0
        # Compression in transit would change the bytes and their positions.
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable:
                # The partial file is complete or wrong; pooch verifies the checksum.
                self._partial.replace(output_file)
                return
            response.raise_for_status()
            if response.status_code != requests.codes.partial_content:
                start = 0  # the server sends the whole file
            self._write(response, start)
        self._partial.replace(output_file)

    def _write(self, response: Any, start: int) -> None:
        """Write the response to the partial file, from byte `start` on."""
        done = start
        total = start + int(response.headers.get("Content-Length", 0))
        with self._partial.open("ab" if start else "wb") as file:
            for chunk in response.iter_content(_MIB):
                file.write(chunk)
                done += len(chunk)
                self._progress("fetch", done // _MIB, max(done, total) // _MIB)
