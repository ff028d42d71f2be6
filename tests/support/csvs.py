"""CSVs in the compressed forms that people bring."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from functools import partial


def zipped(content: bytes, *members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members or ("train.csv",):
            # Without the time of day, which would give xdist's workers different tests.
            archive.writestr(zipfile.ZipInfo(member), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": partial(gzip.compress, mtime=0),
    ".zip": zipped,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}
