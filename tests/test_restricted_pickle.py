"""The restricted reader reads what plain pickles hold, and runs nothing of what hostile ones ask for."""

from __future__ import annotations

import copyreg
import io
import os
import pickle
import struct
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cropdash.restricted_pickle import RestrictedPickleError, load_restricted, loads_restricted


def same(a: Any, b: Any) -> bool:
    if isinstance(b, np.ndarray):
        return (
            isinstance(a, np.ndarray) and a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b)
        )
    if isinstance(b, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(b, dict):
        return type(a) is dict and list(a) == list(b) and all(same(a[k], b[k]) for k in b)
    return type(a) is type(b) and a == b


PLAIN = [
    None,
    True,
    [1, -5, 300, 70_000, 2**40, -(2**80)],
    (1.5, float("inf"), "wheat", "forêt", b"raw", ""),
    {"a": [1, (2, 3)], 4: {"b": None}, b"c": ()},
    [[], {}, ()],
    np.arange(12, dtype=np.int64).reshape(3, 4),
    np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    np.arange(3, dtype=">f4"),
    np.array([True, False]),
    np.array(["wheat", "maize"]),
    np.array([b"a", b"bc"]),
    np.zeros((0, 7), np.float32),
    np.array(3.5),
    np.arange(20, dtype=np.uint16)[::3],
    [np.int64(3), np.float32(2.5), np.bool_(True), np.str_("gel")],
    np.dtype("float32"),
    {"mean": np.ones(10), "std": (np.ones(2), np.zeros(2)), "kind": np.dtype(">i2")},
]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("plain", PLAIN, ids=lambda value: repr(value)[:30])
def test_plain_data_comes_back_as_it_was_pickled(plain: Any, protocol: int) -> None:
    content = pickle.dumps(plain, protocol)
    assert same(loads_restricted(content), plain)


def test_an_object_named_twice_is_one_object() -> None:
    array = np.arange(4)
    first, second, third = loads_restricted(pickle.dumps([array, array, array.dtype]))
    assert first is second
    assert third == array.dtype


def test_arrays_written_by_python_2_are_read() -> None:
    content = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x00cnumpy\nndarray\nq\x01K\x00\x85q\x02U\x01bq\x03\x87q\x04Rq\x05"
        b"(K\x01K\x02\x85q\x06cnumpy\ndtype\nq\x07U\x02i2q\x08K\x00K\x01\x87q\tRq\n(K\x03U\x01<q\x0bNNN"
        b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x0cb\x89U\x04\x01\x00\xff\xffq\rtq\x0eb."
    )
    assert same(loads_restricted(content), np.array([1, -1], np.int16))


def test_reference_files_are_read_as_python_reads_them(shared: Path) -> None:
    files = sorted((shared / "reference/runs/series1/s1_1").glob("*.pkl"))
    assert len(files) == 3
    for file in files:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy moved the module that these files name
            trusted = pickle.loads(file.read_bytes())  # noqa: S301
        assert same(load_restricted(file), trusted)


class Call:
    """Pickles as the call of a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.reduced = (function, arguments)

    def __reduce__(self) -> Any:
        return self.reduced


class State:
    """Pickles as a call whose result gets a state."""

    def __init__(self, function: Any, arguments: tuple[Any, ...], state: Any) -> None:
        self.reduced = (function, arguments, state)

    def __reduce__(self) -> Any:
        return self.reduced


class Persistent(pickle.Pickler):
    def persistent_id(self, obj: Any) -> Any:
        return "id" if obj == "secret" else None


def persistent(protocol: int) -> bytes:
    buffer = io.BytesIO()
    Persistent(buffer, protocol).dump(["secret"])
    return buffer.getvalue()


TRACE = "the-pickle-ran"
RECONSTRUCT = np.arange(1).__reduce__()[0]
SCALAR = np.int64(1).__reduce__()[0]
SHELL = f"touch {TRACE}"

HOSTILE: dict[str, bytes] = {
    **{
        f"{name}, protocol {protocol}": pickle.dumps(value, protocol)
        for protocol in (0, 2, 4, 5)
        for name, value in {
            "shell command": Call(os.system, SHELL),
            "eval": Call(eval, f"open('{TRACE}', 'w')"),
            "exec": Call(exec, f"open('{TRACE}', 'w')"),
            "open": Call(open, TRACE, "w"),
            "getattr": Call(getattr, np.ndarray, "tofile"),
            "import": Call(__import__, "os"),
            "numpy load": Call(np.load, "/etc/passwd"),
            "numpy fromfile": Call(np.fromfile, "/etc/passwd"),
            "numpy save": Call(np.save, TRACE, [1]),
            "memory map": Call(np.memmap, TRACE, "uint8", "w+", 0, (3,)),
            "object array": np.array([os.system], dtype=object),
            "plain object array": np.array([1, "a"], dtype=object),
            "object dtype": np.dtype(object),
            "structured array": np.zeros(2, [("a", "i4"), ("b", "O")]),
            "structured dtype": np.dtype([("a", "i4")]),
            "dates": np.array(["2019-01-01"], "datetime64[D]"),
            "array subclass": np.ma.masked_array([1, 2]),
            "nested in a list": [1, {"a": Call(os.system, SHELL)}],
            "as a key": {Call(os.system, SHELL): 1},
            "object scalar": Call(SCALAR, np.dtype("i8"), Call(os.system, SHELL)),
            "dtype of an object": Call(np.dtype, Call(os.system, SHELL)),
            "dtype from a field list": Call(np.dtype, "i4,O"),
            "fields behind the dtype's back": State(
                np.dtype, ("V8", False, True), (3, "|", None, ("a",), {"a": (np.dtype("O"), 0)}, 8, 1, 0)
            ),
            "fields on a number's dtype": State(
                np.dtype, ("f8", False, True), (3, "<", None, ("a",), {"a": (np.dtype("i4"), 0)}, 8, 8, 0)
            ),
            "scalar of two values": Call(SCALAR, np.dtype("i8"), b"\0" * 16),
            "data of an empty array": State(
                RECONSTRUCT, (np.ndarray, (0,), b"b"), (1, (0,), np.dtype("f8"), False, b"\0" * 8)
            ),
            "state on a function": State(RECONSTRUCT, (np.ndarray, (0,), b"b"), {"__class__": "x"}),
            "array of another class": Call(RECONSTRUCT, np.matrix, (0,), b"b"),
            "array never finished": Call(RECONSTRUCT, np.ndarray, (0,), b"b"),
            "class as data": np.ndarray,
            "set": {1, 2},
            "frozen set": frozenset({1}),
            "path": Path("x"),
            "tuple as key": {(1, 2): 3},
        }.items()
    },
    "persistent id, text": persistent(0),
    "persistent id, binary": persistent(2),
    "name as data": b"cnumpy\ndtype\n.",
    "name in a list": b"](cnumpy\ndtype\ne.",
    "name in a tuple in a list": b"]cnumpy\ndtype\n\x85a.",
    "state on a name": b"cnumpy\ndtype\n}U\x01aK\x01sb.",
    "state on a list": b"]}U\x01aK\x01sb.",
    "call of a string": b"U\x01a)R.",
    "call of a class": b"cnumpy\nndarray\n)R.",
    "old-style instance": f"(S'{SHELL}'\nios\nsystem\n.".encode(),
    "old-style object": f"(cos\nsystem\nS'{SHELL}'\no.".encode(),
    "new object": b"\x80\x02cnumpy\nndarray\nK\x03\x85\x81.",
    "name with dots": b"\x80\x04\x8c\x05numpy\x8c\x12ctypeslib.os.system\x93.",
    "name put together on the stack": b"\x80\x04K\x01K\x02\x93.",
    "out-of-band buffer": b"\x80\x05\x97.",
    "mark as data": b"(.",
    "mark remembered": b"(q\x00K\x01t.",
    "nothing on the stack": b".",
    "two results": b"K\x01K\x02.",
    "unknown memory": b"h\x05.",
    "append to a tuple": b")K\x01a.",
    "items without a mark": b"]K\x01e.",
    "pop": b"K\x01K\x020.",
    "no last instruction": b"K\x01",
    "no pickle": b"hello, world",
    "empty": b"",
    "bytes cut short": b"\x80\x04B" + struct.pack("<I", 2**31) + b"x.",
    "eight-byte length": b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"x.",
    "number of a million digits": b"I" + b"9" * 1_000_000 + b"\n.",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_and_damaged_pickles_are_refused_and_do_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "hostile.pkl"
    file.write_bytes(HOSTILE[name])
    with pytest.raises(RestrictedPickleError, match=r"hostile\.pkl: "):
        load_restricted(file)
    assert [path.name for path in tmp_path.iterdir()] == ["hostile.pkl"]


def test_the_hostile_pickles_would_have_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pickle.loads(HOSTILE["shell command, protocol 2"])  # noqa: S301
    assert (tmp_path / TRACE).exists()


def test_registered_extensions_are_refused_even_once_python_has_cached_them() -> None:
    copyreg.add_extension(os.system.__module__, "system", 240)
    try:
        content = pickle.dumps(os.system, 2)
        assert pickle.loads(content) is os.system  # noqa: S301
        with pytest.raises(RestrictedPickleError, match="EXT1"):
            loads_restricted(content)
    finally:
        copyreg.remove_extension(os.system.__module__, "system", 240)


def test_the_refusal_says_what_was_asked_for() -> None:
    with pytest.raises(RestrictedPickleError, match=r"posix\.system|nt\.system"):
        loads_restricted(pickle.dumps(os.system))


def declared(shape: tuple[int, ...], data: bytes) -> bytes:
    return pickle.dumps(
        State(RECONSTRUCT, (np.ndarray, (0,), b"b"), (1, shape, np.dtype("f8"), False, data)), 4
    )


@pytest.mark.parametrize("shape", [(2**40,), (2**62, 2**62), (-1,), (1, 1), (3,) * 40, ("2",), (True,)])
def test_an_array_takes_no_more_memory_than_its_bytes(shape: tuple[int, ...]) -> None:
    with pytest.raises(RestrictedPickleError):
        loads_restricted(declared(shape, b"\0" * 16))
    assert loads_restricted(declared((2,), b"\0" * 16)).shape == (2,)


def test_a_huge_memory_index_or_frame_allocates_nothing() -> None:
    assert loads_restricted(b"\x80\x04\x95" + struct.pack("<Q", 2**62) + b"K\x01.") == 1
    assert loads_restricted(b"K\x07r" + struct.pack("<I", 2**32 - 1) + b".") == 7


def test_tuples_nested_by_reference_do_not_blow_up() -> None:
    """Hashing the last tuple would visit 2**60 objects."""
    doubled = b"".join(b"h" + bytes([i, ord("h"), i]) + b"\x86q" + bytes([i + 1]) for i in range(60))
    key = b"K\x01q\x00" + doubled + b"h" + bytes([60])
    started = time.process_time()
    with pytest.raises(RestrictedPickleError):
        loads_restricted(b"\x80\x02}(" + key + b"K\x01u.")
    with pytest.raises(RestrictedPickleError, match="key of type tuple"):
        loads_restricted(b"\x80\x02" + key + b"q\xff}h\xffK\x01s\x86.")
    assert time.process_time() - started < 1


def test_a_file_beyond_the_limit_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "large.pkl"
    file.write_bytes(pickle.dumps(b"x" * 1000))
    assert load_restricted(file) == b"x" * 1000
    with pytest.raises(RestrictedPickleError, match="more than the 1,000 that are read"):
        load_restricted(file, max_bytes=1000)


@pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
@pytest.mark.parametrize("seed", range(20))
def test_damaged_bytes_never_raise_anything_else(seed: int) -> None:
    rng = np.random.default_rng(seed)
    content = pickle.dumps([np.arange(5), {"a": np.float32(1)}, (1, "x", 2.5)], int(rng.integers(0, 6)))
    for _ in range(200):
        damaged = bytearray(content)
        for at in rng.integers(0, len(content), 3):
            damaged[at] = rng.integers(0, 256)
        try:
            loads_restricted(bytes(damaged))
        except RestrictedPickleError:
            continue
