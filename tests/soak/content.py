"""Content that its name settles, so that who asks knows what must come: for the UI and for the checker."""

import functools
import hashlib

LINES_A_PIECE = 40


@functools.lru_cache(64)
def block(seed, size):
    """`size` bytes of a digest's stream."""
    digest = hashlib.shake_128(f"{seed}/{size}".encode())
    return digest.digest(size)


def lines(seed, count):
    """Pieces of numbered lines; the last line has the digest of those before."""
    whole = hashlib.sha256()
    for first in range(0, count, LINES_A_PIECE):
        piece = "".join(f"line {number} of {count} for {seed}\n" for number in range(first, min(first + LINES_A_PIECE, count)))
        whole.update(piece.encode())
        yield piece.encode()
    yield f"end {whole.hexdigest()}\n".encode()
