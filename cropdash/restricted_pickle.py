"""Reading pickles without running them.

A pickle is a program for a small stack machine. This module interprets that program itself, with
an allow-list of instructions, and can build lists, tuples, dicts, numbers, strings, bytes, numpy
arrays, numpy scalars and dtypes and nothing else. Python's own unpickler is never called, no name in the
file is ever imported, and no object in the file is ever called, so there is nothing to talk out of
its restrictions.
"""

from __future__ import annotations

import math
import pickletools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

#: Larger files are refused unless the caller allows more. Objects take up to about 60 times as much
#: memory as the instructions that build them, so this bounds what a hostile file can ask for.
MAX_BYTES = 64 * 2**20


class RestrictedPickleError(ValueError):
    """The file is no pickle, or one that holds more than plain data."""


def load_restricted(path: str | Path, *, max_bytes: int = MAX_BYTES) -> Any:
    """Read a pickle file of plain data.

    Arrays are read-only views of the file's bytes. Keys of dicts must be strings, bytes or numbers.

    Raises:
        RestrictedPickleError: the file is larger than ``max_bytes``, is damaged, or asks for
            anything but plain data; the message names the file and what it asks for.
        FileNotFoundError: there is no such file.
    """
    path = Path(path)
    size = path.stat().st_size
    if size > max_bytes:
        raise RestrictedPickleError(f"{path}: {size:,} bytes is more than the {max_bytes:,} that are read")
    try:
        return loads_restricted(path.read_bytes())
    except RestrictedPickleError as error:
        raise RestrictedPickleError(f"{path}: {error}") from None


def loads_restricted(content: bytes) -> Any:
    """The same for bytes at hand; see :func:`load_restricted`."""
    try:
        return _Machine().run(content)
    except RestrictedPickleError:
        raise
    # Damage shows as a decoding error or as an instruction that finds the stack not as it must be.
    except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:
        raise RestrictedPickleError(f"not a readable pickle ({error})") from None


class _Global:
    """A name that the pickle refers to: a word, never the thing it names."""

    def __init__(self, name: str) -> None:
        self.name = name


class _Arguments(tuple[Any, ...]):
    """A tuple that holds a name; good for a call and nothing else."""


class _Pending:
    """A dtype or array between its creation and the state that completes it."""

    def __init__(self, dtype: np.dtype[Any] | None) -> None:
        self.dtype = dtype  # None stands for an array, whose state brings its own
        self.memo_keys: list[int] = []


_MARK = object()
_KEY_TYPES = (str, bytes, int, float, bool, type(None), np.number, np.bool_)
_DTYPE = re.compile(r"[<>|=]?[biufcSU][0-9]{1,9}")
_TUPLE_WIDTHS = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}

_LITERALS = frozenset(
    (
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
        *(
            "UNICODE",
            "SHORT_BINUNICODE",
            "BINUNICODE",
            "BINUNICODE8",
            "SHORT_BINBYTES",
            "BINBYTES",
            "BINBYTES8",
        ),
        # Python 2 wrote the bytes of arrays as strings; they arrive here decoded as Latin-1.
        *("STRING", "BINSTRING", "SHORT_BINSTRING"),
    )
)
_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_NUMPY_INTERNALS = ("numpy.core", "numpy._core")


class _Machine:
    """The stack machine, with the instructions that plain data needs."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.calls: dict[str, Callable[[tuple[Any, ...]], Any]] = {
            "numpy dtype": self._dtype,
            "_codecs encode": _encoded,
            "__builtin__ bytes": _no_bytes,
        }
        for package in _NUMPY_INTERNALS:
            self.calls[f"{package}.multiarray scalar"] = _scalar
            self.calls[f"{package}.multiarray _reconstruct"] = self._empty_array
            self.calls[f"{package}.numeric _frombuffer"] = _array_of_buffer

    def run(self, content: bytes) -> Any:
        stack, memo = self.stack, self.memo
        argument: Any
        for opcode, argument, _ in pickletools.genops(content):
            name = opcode.name
            if name in _LITERALS:
                stack.append(argument)
            elif name in ("BINGET", "LONG_BINGET", "GET"):
                stack.append(memo[argument])
            elif name in ("BINPUT", "LONG_BINPUT", "PUT"):
                self._remember(argument)
            elif name in _CONSTANTS:
                stack.append(_CONSTANTS[name])
            elif name == "STOP":
                return self._result()
            elif name in ("PROTO", "FRAME"):
                continue
            elif name == "BYTEARRAY8":
                stack.append(bytes(argument))
            elif name == "MARK":
                stack.append(_MARK)
            elif name == "MEMOIZE":
                self._remember(len(memo))
            elif name in ("GLOBAL", "STACK_GLOBAL"):
                self._name(argument if name == "GLOBAL" else None)
            elif name == "REDUCE":
                self._call()
            elif name == "BUILD":
                self._complete()
            elif name in ("EMPTY_TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "TUPLE"):
                self._tuple(name)
            elif name in ("EMPTY_LIST", "LIST", "APPEND", "APPENDS"):
                self._list(name)
            elif name in ("EMPTY_DICT", "DICT", "SETITEM", "SETITEMS"):
                self._dict(name)
            else:
                raise RestrictedPickleError(f"the instruction {name} is not one that plain data needs")
        raise RestrictedPickleError(
            "ends before its last instruction"
        )  # pragma: no cover - genops raises first

    def _result(self) -> Any:
        if len(self.stack) != 1:
            raise RestrictedPickleError(f"leaves {len(self.stack)} objects instead of one")
        return _plain(self.stack[0])

    def _remember(self, key: int) -> None:
        top = self.stack[-1]
        if top is _MARK:
            raise RestrictedPickleError("remembers a mark")
        if isinstance(top, _Pending):
            top.memo_keys.append(key)
        self.memo[key] = top

    def _since_mark(self) -> list[Any]:
        at = len(self.stack) - 1
        while self.stack[at] is not _MARK:  # runs into an IndexError below the bottom
            at -= 1
            if at < 0:
                raise RestrictedPickleError("uses a mark that was never set")
        items = self.stack[at + 1 :]
        del self.stack[at:]
        return items

    def _pop(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise RestrictedPickleError("takes more from the stack than there is")
        items = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return items

    def _name(self, argument: str | None) -> None:
        if argument is None:
            argument = " ".join(str(part) for part in self._pop(2))
        if argument not in self.calls and argument != "numpy ndarray":
            raise RestrictedPickleError(f"refers to {argument.replace(' ', '.')!r}, which is not plain data")
        self.stack.append(_Global(argument))

    def _tuple(self, name: str) -> None:
        items = self._since_mark() if name == "TUPLE" else self._pop(_TUPLE_WIDTHS[name])
        for item in items:
            if not isinstance(item, _Global):
                _plain(item)
        kind = _Arguments if any(isinstance(item, _Global) for item in items) else tuple
        self.stack.append(kind(items))

    def _list(self, name: str) -> None:
        if name == "EMPTY_LIST":
            self.stack.append([])
            return
        items = self._pop(1) if name == "APPEND" else self._since_mark()
        items = [_plain(item) for item in items]
        if name == "LIST":
            self.stack.append(items)
        else:
            self._top(list).extend(items)

    def _dict(self, name: str) -> None:
        if name == "EMPTY_DICT":
            self.stack.append({})
            return
        items = self._pop(2) if name == "SETITEM" else self._since_mark()
        if len(items) % 2:
            raise RestrictedPickleError("has a dict with a key and no value")
        pairs = {}
        for key, value in zip(items[::2], items[1::2], strict=True):
            # Nested tuples as keys would take exponential time to hash.
            if not isinstance(key, _KEY_TYPES):
                raise RestrictedPickleError(f"has a dict with a key of type {type(key).__name__}")
            pairs[key] = _plain(value)
        if name == "DICT":
            self.stack.append(pairs)
        else:
            self._top(dict).update(pairs)

    def _top(self, kind: type) -> Any:
        if not self.stack or type(self.stack[-1]) is not kind:
            raise RestrictedPickleError(f"adds items to something that is no {kind.__name__}")
        return self.stack[-1]

    def _call(self) -> None:
        called, arguments = self._pop(2)
        if (
            not isinstance(called, _Global)
            or called.name not in self.calls
            or not isinstance(arguments, tuple)
        ):
            raise RestrictedPickleError("calls something that is not plain data")
        self.stack.append(self.calls[called.name](arguments))

    def _complete(self) -> None:
        pending, state = self._pop(2)
        if not isinstance(pending, _Pending) or type(state) is not tuple:
            raise RestrictedPickleError("sets the state of something other than an array or dtype")
        complete = _array(state) if pending.dtype is None else _ordered(pending.dtype, state)
        for key in pending.memo_keys:
            if self.memo.get(key) is pending:
                self.memo[key] = complete
        self.stack.append(complete)

    @staticmethod
    def _dtype(arguments: tuple[Any, ...]) -> _Pending:
        spec = arguments[0] if 1 <= len(arguments) <= 3 else None
        if not isinstance(spec, str) or not _DTYPE.fullmatch(spec):
            raise RestrictedPickleError(
                f"asks for the dtype {spec!r}; only numbers, booleans and strings are read"
            )
        dtype = np.dtype(spec)
        if dtype.itemsize == 0:
            raise RestrictedPickleError(f"asks for the empty dtype {spec!r}")
        return _Pending(dtype)

    @staticmethod
    def _empty_array(arguments: tuple[Any, ...]) -> _Pending:
        subtype = arguments[0] if arguments else None
        if not isinstance(subtype, _Global) or subtype.name != "numpy ndarray":
            raise RestrictedPickleError("builds an array of a class other than numpy.ndarray")
        return _Pending(None)


def _plain(item: Any) -> Any:
    if item is _MARK or isinstance(item, (_Global, _Pending, _Arguments)):
        raise RestrictedPickleError("keeps the name of a class or function, or an unfinished array, as data")
    return item


def _bytes(data: Any) -> bytes:
    if isinstance(data, str):
        data = data.encode("latin-1")
    if not isinstance(data, bytes):
        raise RestrictedPickleError(f"has array data of type {type(data).__name__} instead of bytes")
    return data


def _encoded(arguments: tuple[Any, ...]) -> bytes:
    """Bytes as Python 3 writes them for Python 2."""
    if len(arguments) != 2 or not isinstance(arguments[0], str) or arguments[1] not in ("latin1", "latin-1"):
        raise RestrictedPickleError("encodes a string otherwise than as Latin-1")
    return arguments[0].encode("latin-1")


def _no_bytes(arguments: tuple[Any, ...]) -> bytes:
    """Empty bytes as Python 3 writes them for Python 2."""
    if arguments:
        raise RestrictedPickleError("makes bytes of something that is no string")
    return b""


def _ordered(dtype: np.dtype[Any], state: tuple[Any, ...]) -> np.dtype[Any]:
    """The dtype in the byte order of its pickled state; structured states are refused."""
    if len(state) != 8 or state[0] != 3 or state[1] not in ("<", ">", "|", "=") or state[2:5] != (None,) * 3:
        raise RestrictedPickleError("has a dtype with fields, sub-arrays or an unknown state")
    return dtype.newbyteorder(state[1])


def _flat(data: Any, dtype: Any, count: int) -> np.ndarray:
    if not isinstance(dtype, np.dtype):
        raise RestrictedPickleError("has an array or scalar without a finished dtype")
    content = _bytes(data)
    if count * dtype.itemsize != len(content):
        raise RestrictedPickleError(f"has {len(content)} bytes for {count} values of {dtype}")
    return np.frombuffer(content, dtype) if count else np.empty(0, dtype)


def _scalar(arguments: tuple[Any, ...]) -> Any:
    if len(arguments) != 2:
        raise RestrictedPickleError("has a numpy scalar without a value")
    return _flat(arguments[1], arguments[0], 1)[0]


def _shaped(data: Any, dtype: Any, shape: Any, fortran: bool) -> np.ndarray:
    if isinstance(shape, int):
        shape = (shape,)
    if not isinstance(shape, tuple) or len(shape) > 32 or not all(type(n) is int and n >= 0 for n in shape):
        raise RestrictedPickleError("has an array whose shape is no tuple of sizes")
    return _flat(data, dtype, math.prod(shape)).reshape(shape, order="F" if fortran else "C")


def _array(state: tuple[Any, ...]) -> np.ndarray:
    if len(state) != 5 or state[0] != 1:
        raise RestrictedPickleError("has an array of an unknown state")
    _, shape, dtype, fortran, data = state
    return _shaped(data, dtype, shape, bool(fortran))


def _array_of_buffer(arguments: tuple[Any, ...]) -> np.ndarray:
    if len(arguments) != 4:
        raise RestrictedPickleError("has an array of an unknown state")
    data, dtype, shape, order = arguments
    return _shaped(data, dtype, shape, order == "F")
