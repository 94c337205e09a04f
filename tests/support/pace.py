"""How the time of a parser grows with its input."""

from collections.abc import Callable
from statistics import quantiles
from time import process_time
from typing import Any, TypeVar

_T = TypeVar("_T")
_TIMES_SLOWER = 50
_MORE_THAN_LINEAR = 3  # times as long for the double size
_SMALL = 2000  # bytes: below, most of the time is what a parser does once
_TELLING = 12_000  # bytes: above, the time tells how it grows
_LEARNING = 300  # inputs from which the usual pace is learned


class Pace:
    """Finds inputs that take much more time a byte than most, and more than linear time."""

    def __init__(self, half: Callable[[Any], Any]) -> None:
        """Prepare; `half` makes an input that is half as large."""
        self._half = half
        self._paces: list[float] = []
        self._usual = 0.0

    def run(self, function: Callable[[_T], Any], given: _T, size: int) -> Any:
        """Call a function with an input, and return what it returns."""
        begun = process_time()
        result = function(given)
        pace = (process_time() - begun) / max(size, _SMALL)
        if len(self._paces) < _LEARNING:
            self._paces.append(pace)
            self._usual = quantiles([*self._paces, pace], n=10)[-1]  # of nine in ten: some are refused at a glance
        elif pace > _TIMES_SLOWER * self._usual and size > _TELLING:
            self._check(function, given, size)
        return result

    def _check(self, function: Callable[[_T], Any], given: _T, size: int) -> None:
        """Measure again, for a garbage collection can fall into any input; and how it grows."""
        spent = fastest(function, given)
        slower = spent / max(size, _SMALL) / self._usual
        growth = spent / fastest(function, self._half(given))
        assert slower <= _TIMES_SLOWER or growth <= _MORE_THAN_LINEAR, (
            f"{size} bytes took {spent:.3f} s, {slower:.0f} times more a byte than most: {str(given)[:300]!r}"
        )


def fastest(function: Callable[[_T], Any], given: _T) -> float:
    """Return the CPU seconds that a call takes where nothing disturbs it."""
    times = []
    for _ in range(3):
        begun = process_time()
        function(given)
        times.append(process_time() - begun)
    return min(times)
