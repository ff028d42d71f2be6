"""Recognises files that are not CSVs, and says how to get a CSV from them."""

import re
from collections.abc import Collection

from nntrain.errors import DataError

_CSV = "give a CSV, saved as UTF-8"
_TO_CSV = ".to_csv('digits.csv', index=False)"

# Pattern of the first line, without leading blanks: what the file is, and a hint.
_KINDS = {
    b"\x89PNG": ("a PNG image", _CSV),
    b"\xff\xd8\xff": ("a JPEG image", _CSV),
    b"GIF8": ("a GIF image", _CSV),
    b"%PDF": ("a PDF document", _CSV),
    b"\xff\xfe": ("UTF-16 text", _CSV),
    b"\xfe\xff": ("UTF-16 text", _CSV),
    b"PAR1": ("a Parquet file", f"convert it: pandas.read_parquet(…){_TO_CSV}"),
    b"ARROW1": ("a Feather file", f"convert it: pandas.read_feather(…){_TO_CSV}"),
    b"\x89HDF": ("an HDF5 file", f"convert it: pandas.read_hdf(…){_TO_CSV}"),
    b"\x93NUMPY": ("a NumPy array", "convert it: numpy.savetxt('digits.csv', …, '%d', ',')"),
    b"\xd0\xcf\x11\xe0": ("an Excel workbook", "save it as CSV"),
    b"SQLite format 3": ("a SQLite database", f"convert it: pandas.read_sql(…){_TO_CSV}"),
    b"\x80": ("perhaps a Python pickle", f"convert it: pandas.read_pickle(…){_TO_CSV}"),
    b"PK\x03\x04": ("a .zip within another archive", "unpack it"),
    b"\0\0\x08": ("an IDX file of the original MNIST", "'nntrain data mnist' writes CSVs"),
    b"version https://git-lfs": ("a Git LFS pointer", "fetch the file itself with 'git lfs pull'"),
    rb"[+-]?[\d.]+( \d+:[\d.]+){2}": (
        "in LIBSVM's format",
        "convert it: sklearn.datasets.load_svmlight_file(…)[0].toarray()",
    ),
    rb"404[^,]*\Z": ("an error message of a web server", "download the file again"),
    rb"\{": ("JSON, perhaps a notebook", _CSV),
    rb"\[": ("JSON", _CSV),
    b"<": ("a web page, perhaps from a download without signing in", _CSV),
}


def check_kind(start: bytes, source: str) -> None:
    """Check that a file does not start like another kind of file.

    Args:
        start: The first line that is not blank.
        source: Path of the file, for messages.

    Raises:
        DataError: If it does.
    """
    text = start.lstrip()
    for pattern, (kind, hint) in _KINDS.items():
        if re.match(pattern, text):
            raise DataError(f"{source}: is {kind}; {hint}")


def check_archive(members: Collection[str], source: str) -> None:
    """Check that a .zip of these files is an archive, and not a document or arrays.

    Raises:
        DataError: If it is.
    """
    if "[Content_Types].xml" in members:
        kind, hint = "an Excel workbook or another document of Office", "save it as CSV"
    elif members and all(name.endswith(".npy") for name in members):
        names = ", ".join(name.removesuffix(".npy") for name in list(members)[:4])
        kind = f"a file of NumPy arrays ({names})"
        hint = "stack labels and pixels as columns, then numpy.savetxt('digits.csv', …, '%d', ',')"
    else:
        return
    raise DataError(f"{source}: is {kind}; {hint}")
