# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Threads that take turns: one computes, and whoever waits for the network lets the next one go on.

Python computes in one thread at a time anyway. Left to themselves, threads compete for that whenever an answer arrives, and spend more
CPU on competing than on their work. Here a thread that waits for a socket sleeps until it is handed the turn; the sockets are watched
for all by the one that has the turn and nothing else to do. So the threads cost little more than one would, and still wait all at once.

A thread outside L{for_each} takes no turns, and everything here does for it what it would do by itself.
"""

from __future__ import annotations

import collections
import contextlib
import select
import socket
import threading
import time

_this_thread = threading.local()


class Stopped(BaseException):
    """Raised in a thread whose task is over; not an Exception, so that nothing mistakes it for a failed call."""


def for_each(act, items, most_threads):
    """Call act with every item; in threads that take turns, most_threads at most, where there is more than one item.

    What act raises is raised here, at once; so is what a signal's handler raises meanwhile. The threads then make no further call.
    """
    if len(items) == 1:
        act(items[0])
        return
    turns = _Turns()
    left = collections.deque(items)
    over = threading.Semaphore(0)
    failures = []

    def work():
        _this_thread.seat = _Seat(turns)
        try:
            take()
            while left:
                act(left.popleft())
        except Stopped:
            pass
        except BaseException as e:  # pylint: disable=broad-except
            failures.append(e)
        finally:
            give()
            over.release()

    # A process that ends need not wait for threads that it has stopped
    threads = [threading.Thread(target=work, daemon=True) for _number in range(min(len(items), most_threads))]
    try:
        started = _start(threads)
        if not started:
            for item in items:
                act(item)
        for _thread in range(started):
            over.acquire()  # pylint: disable=consider-using-with
            if failures:
                raise failures[0]
    except BaseException:
        turns.stopped.set()
        raise
    turns.close()


def _start(threads):
    """Start as many threads as the system gives, and return how many that were: those do all of the work."""
    for number, thread in enumerate(threads):
        try:
            thread.start()
        except RuntimeError:
            return number
    return len(threads)


def take(**kwargs):  # pylint: disable=unused-argument
    """Wait for this thread's turn, unless it has it. Any arguments, so that it can handle botocore's events.

    Raises Stopped where the task is over.
    """
    seat = _seat()
    if seat:
        seat.take()


def give():
    """Let another thread compute."""
    seat = _seat()
    if seat:
        seat.give()


@contextlib.contextmanager
def given():
    """Let others compute while this thread does something that takes time, but no CPU; then wait for the next turn."""
    give()
    try:
        yield
    finally:
        take()


def wait_for(sock, timeout):
    """Wait until a socket can be read, while others compute. False where that took longer than timeout (seconds; None: for ever)."""
    seat = _seat()
    if seat and seat.has_turn:
        return seat.wait_for(sock, timeout)
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(_milliseconds(timeout)))


def sleep(seconds):
    """time.sleep that lets others compute, and ends early where the task is over."""
    seat = _seat()
    with given():
        (seat.turns.stopped.wait if seat else time.sleep)(seconds)


def _seat():
    return getattr(_this_thread, "seat", None)


def _milliseconds(timeout):
    return None if timeout is None else max(0, timeout * 1000)


class _Turns:
    """Whose turn it is. What is here is touched under the lock, or by the one whose turn it is."""

    def __init__(self):
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        self._taken = False
        self._can_go_on = collections.deque()
        self._waiting = {}  # who waits for a socket, by its file descriptor
        self._poll = select.poll()
        # It rings where somebody wants the turn from the one who is watching the sockets
        self._bell, self._bell_button = socket.socketpair()
        self._bell_button.setblocking(False)
        self._poll.register(self._bell, select.POLLIN)
        self._watching = False

    def close(self):
        """Nobody takes turns any more."""
        self._bell.close()
        self._bell_button.close()

    def claim(self, seat):
        """Let a seat have the turn as soon as possible. True where it has it at once."""
        with self._lock:
            if not self._taken:
                self._taken = True
                return True
            self._can_go_on.append(seat)
            if self._watching:
                self._watching = False
                self._bell_button.send(b"!")
            return False

    def pass_on(self):
        """The turn goes to one who can go on; else to one who waits for a socket, to watch all of them; else to nobody."""
        with self._lock:
            if self._can_go_on:
                self._can_go_on.popleft().call()
            elif self._waiting:
                # The last one to come, who needs not be woken
                next(reversed(self._waiting.values())).call()
            else:
                self._taken = False

    def begin_to_wait(self, seat, sock):
        """The seat, whose turn it is, waits for a socket."""
        self._waiting[sock.fileno()] = seat
        self._poll.register(sock, select.POLLIN)

    def watch(self):
        """Watch the sockets until somebody can go on. Called by the one whose turn it is."""
        with self._lock:
            if self._can_go_on:
                return
            self._watching = True
        ends = [seat.end for seat in self._waiting.values() if seat.end is not None]
        ready = self._poll.poll(_milliseconds(min(ends) - time.monotonic() if ends else None))
        now = time.monotonic()
        with self._lock:
            self._watching = False
            for descriptor, _event in ready:
                if descriptor == self._bell.fileno():
                    self._bell.recv(1)
                else:
                    self._end_wait(descriptor, True)
            for descriptor in [descriptor for descriptor, seat in self._waiting.items() if seat.end is not None and seat.end <= now]:
                self._end_wait(descriptor, False)

    def _end_wait(self, descriptor, readable):
        seat = self._waiting.pop(descriptor)
        self._poll.unregister(descriptor)
        seat.readable = readable
        self._can_go_on.append(seat)


class _Seat:
    """A thread among those that take turns."""

    def __init__(self, turns):
        self.turns = turns
        self.has_turn = False
        self.end = None  # of its wait for a socket, by time.monotonic()
        self.readable = None  # what came of that, once it is over
        self._called = threading.Semaphore(0)

    def call(self):
        """Wake the thread: it has the turn."""
        self._called.release()

    def take(self):
        """Wait for the turn."""
        if not self.has_turn:
            if not self.turns.claim(self):
                self._called.acquire()  # pylint: disable=consider-using-with
            self.has_turn = True
        if self.turns.stopped.is_set():
            raise Stopped

    def give(self):
        """Pass the turn on."""
        if self.has_turn:
            self.has_turn = False
            self.turns.pass_on()

    def wait_for(self, sock, timeout):
        """Pass the turn on until a socket can be read. False where that took longer than timeout (seconds)."""
        self.end = None if timeout is None else time.monotonic() + timeout
        self.readable = None
        self.turns.begin_to_wait(self, sock)
        self.has_turn = False
        while True:
            self.turns.pass_on()
            self._called.acquire()  # pylint: disable=consider-using-with
            if self.readable is not None:
                break
            # Nobody can go on
            self.turns.watch()
        self.has_turn = True
        if self.turns.stopped.is_set():
            raise Stopped
        return self.readable
