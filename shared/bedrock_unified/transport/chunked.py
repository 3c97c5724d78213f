"""A synchronous answer's chunks, taken out of all that has arrived at once.

http.client and urllib3 ask for each chunk's size, content and end one after the other. Bedrock sends every
event of a stream as a chunk, and events come faster than that where a model's answer is long.
"""

from __future__ import annotations

import re
from io import RawIOBase
from typing import Any

from urllib3.exceptions import ProtocolError

#: The end of a chunk and the size of the next, which is not the last.
_BETWEEN = re.compile(rb"\r\n([1-9A-Fa-f][0-9A-Fa-f]*)\r\n")
_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]+)[ \t]*(?:;.*)?\r?", re.DOTALL)
#: http.client's limit for any line.
_LONGEST_LINE = 65536


class ChunkedBody(RawIOBase):
    """The content of a body in the chunked transfer coding (RFC 9112, section 7.1), up to its end.

    Extensions and trailers are skipped. A body that ends between its last chunk and the empty line behind is
    taken for whole, as urllib3 does. What is wrong is told after the content before it was given out.

    Args:
        source: the buffered file of the connection. It is closed with this one.
    """

    def __init__(self, source: Any) -> None:
        super().__init__()
        self._source = source
        #: How much of the content of this chunk is still to come.
        self._left = 0
        #: The line that has not come to its end: a size, the end of a chunk, or a trailer.
        self._line = b""
        # Not bound to it: the connection closes as soon as nobody holds the body any more.
        self._read_line = ChunkedBody._size
        self._at_end = False
        self._fault: ProtocolError | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, into: Any) -> int:
        """Fill this with content, as far as some has arrived; 0 at the end.

        Raises:
            ProtocolError: the body ends too early, or is not chunked as it says.
            OSError: the connection's.
        """
        filled = 0
        while not filled and not self._at_end:
            if self._fault is not None:
                raise self._fault
            # What is left without its framing is never more than what it was with it.
            data = self._source.read1(len(into))
            if not data and self._read_line is not ChunkedBody._trailer:
                missing = f", {self._left} bytes before the end of a chunk" if self._left else ""
                raise ProtocolError(f"Response ended prematurely{missing}")
            self._at_end = not data
            filled = self._take(data, into)
        return filled

    def close(self) -> None:
        """Close the source, too."""
        try:
            self._source.close()
        finally:
            super().close()

    def _take(self, data: bytes, into: Any) -> int:
        at = filled = 0
        while at < len(data) and not self._at_end and self._fault is None:
            if self._left:
                content = data[at : at + self._left]
                size = len(content)
                into[filled : filled + size] = content
                at += size
                filled += size
                self._left -= size
                if not self._left:
                    between = _BETWEEN.match(data, at)
                    if between is not None:  # nearly always
                        self._left = int(between[1], 16)
                        at = between.end()
                    else:
                        self._read_line = ChunkedBody._end_of_chunk
            else:
                try:
                    at = self._take_line(data, at)
                except ProtocolError as fault:
                    self._fault = fault.with_traceback(None)  # it would hold us
        return filled

    def _take_line(self, data: bytes, at: int) -> int:
        end = data.find(b"\n", at)
        self._line += data[at:] if end < 0 else data[at:end]
        if len(self._line) > _LONGEST_LINE:
            raise ProtocolError(f"a line between chunks is longer than {_LONGEST_LINE} bytes")
        if end < 0:
            return len(data)
        line, self._line = self._line, b""
        self._read_line(self, line)
        return end + 1

    def _size(self, line: bytes) -> None:
        size = _SIZE.fullmatch(line)
        if size is None:
            raise ProtocolError(f"a chunk's size is {line!r:.40}")
        self._left = int(size[1], 16)
        if not self._left:
            self._read_line = ChunkedBody._trailer

    def _end_of_chunk(self, line: bytes) -> None:
        if line not in (b"\r", b""):
            raise ProtocolError(f"a chunk goes on after its end with {line!r:.40}")
        self._read_line = ChunkedBody._size

    def _trailer(self, line: bytes) -> None:
        self._at_end = line in (b"\r", b"")
