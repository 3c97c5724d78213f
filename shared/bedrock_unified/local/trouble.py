"""How a fault looks on the wire: the broken bytes, the broken connection."""

from __future__ import annotations

import struct
import zlib

from aiohttp import web

from .faults import Fault
from .protocol.frames import exception_frame

_PROMISED = 512 * 1024 * 1024


def broken_frame(fault: Fault, frame: bytes) -> bytes:
    """What ``fault`` sends in place of ``frame``."""
    if fault.kind == "exception":
        return exception_frame(fault.code, fault.message)
    if fault.kind == "corrupt_frame":
        middle = len(frame) // 2
        return frame[:middle] + bytes([frame[middle] ^ 1]) + frame[middle + 1 :]
    if fault.kind == "oversized_frame":
        prelude = struct.pack(">II", _PROMISED, 0)
        return prelude + struct.pack(">I", zlib.crc32(prelude)) + frame[12:]
    if fault.kind == "cut" and fault.place == "mid_frame":
        return frame[: len(frame) // 2]
    return b""


def cut_connection(request: web.BaseRequest, *, reset: bool) -> None:
    """End the connection under the answer: orderly (what was written arrives) or with a reset."""
    transport = request.transport
    if transport is None:
        return
    if reset:
        transport.abort()
    else:
        transport.close()
