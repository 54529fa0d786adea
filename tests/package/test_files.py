"""Files are written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
from pathlib import Path

import numpy as np
import pytest

from cifarcam.errors import CifarcamError
from cifarcam.files import atomic_write, check_writable, read_arrays, write_arrays, write_json


def test_what_the_block_wrote_takes_the_files_place(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "record.json"
    for text in ("first", "second"):
        with atomic_write(path) as temporary:
            assert temporary.parent == path.parent and temporary.suffix == ".json"
            temporary.write_text(text)
        assert path.read_text() == text
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o644


def test_the_old_file_stays_until_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text("old")
    with atomic_write(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, ValueError, CifarcamError])
def test_an_interrupted_block_leaves_the_old_file_and_nothing_else(tmp_path: Path, interruption: type) -> None:
    path = tmp_path / "record.json"
    path.write_text("old")
    with pytest.raises(interruption), atomic_write(path) as temporary:
        temporary.write_text("half of the n")
        raise interruption
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_a_clear_error_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text("old")
    with pytest.raises(CifarcamError, match=r"Cannot write .*record\.json: No space left"), atomic_write(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_a_file_is_a_clear_error_and_the_block_does_not_run(tmp_path: Path) -> None:
    blocker = tmp_path / "blocker"
    blocker.write_text("a file")
    for path in (blocker / "record.json", blocker / "deeper" / "record.json"):
        ran = False
        with pytest.raises(CifarcamError, match="Choose a folder you may write to"), atomic_write(path):
            ran = True
        assert not ran
    assert blocker.read_text() == "a file"


def test_a_path_that_is_a_folder_is_a_clear_error(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(CifarcamError, match="Cannot write"), atomic_write(folder) as temporary:
        temporary.write_text("text")
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("content", [b"", b"PK no archive", None])
def test_arrays_that_are_damaged_or_missing_are_a_clear_error(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "record.npz").write_bytes(content)
    with pytest.raises(CifarcamError, match="is damaged or missing"):
        read_arrays(tmp_path / "record.npz")


def test_any_bit_flipped_is_a_clear_error_or_changes_no_array(tmp_path: Path) -> None:
    path = tmp_path / "record.npz"
    write_arrays(path, {"values": np.arange(5.0)}, {"from": "here"})
    whole = path.read_bytes()
    for place, bit in itertools.product(range(len(whole)), range(8)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
        with contextlib.suppress(CifarcamError):
            arrays, about = read_arrays(path)
            assert all(array.tolist() == [0, 1, 2, 3, 4] for array in arrays.values()) and about == {"from": "here"}


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_what_is_written_is_as_readable_as_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    with atomic_write(tmp_path / "written") as temporary:
        temporary.write_text("text")
    assert (tmp_path / "written").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_place_that_cannot_be_written_to_is_found_out_beforehand(tmp_path: Path) -> None:
    (tmp_path / "blocker").write_text("a file")
    with pytest.raises(CifarcamError, match="Cannot write"):
        check_writable(tmp_path / "blocker" / "record.json")
    check_writable(tmp_path / "new" / "record.json")
    assert list((tmp_path / "new").iterdir()) == []


def test_arrays_without_where_they_come_from_are_damaged(tmp_path: Path) -> None:
    np.savez(tmp_path / "record.npz", maps=np.zeros(3))
    with pytest.raises(CifarcamError, match="is damaged or missing"):
        read_arrays(tmp_path / "record.npz")


def test_json_and_arrays_come_back_with_where_they_come_from(tmp_path: Path) -> None:
    write_json(tmp_path / "record.json", {"hardware": "two cores"})
    assert json.loads((tmp_path / "record.json").read_text()) == {"hardware": "two cores"}
    arrays = {"maps": np.arange(3, dtype=np.float16), "names": np.array(["a", "b"])}
    write_arrays(tmp_path / "record.npz", arrays, {"date": "today"})
    found, about = read_arrays(tmp_path / "record.npz")
    assert about == {"date": "today"} and list(found) == ["maps", "names"]
    assert all(
        np.array_equal(found[name], values) and found[name].dtype == values.dtype for name, values in arrays.items()
    )
