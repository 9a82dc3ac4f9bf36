"""What went over real sockets between the program under test and whoever plays its peer: bridges,
vendors, mail servers, those who post to its hooks. Each peer notes what it sent or got, a case shows
how much that was while it ran, and promises.py believes no other."""
import collections
import threading

_lock, _counts = threading.Lock(), collections.Counter()


def note(kind, n=1):
    with _lock:
        _counts[kind] += n


def so_far():
    with _lock:
        return collections.Counter(_counts)


def since(before):
    """`ws 12, http 3`; "" when nothing was said."""
    return ", ".join(f"{kind} {n}" for kind, n in sorted((so_far() - before).items()))
