"""What is tried: a method, what it reads, and its way to references."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from isojoule.normalizers import FitNormalizer
from isojoule.studies.benchmark.sources import Source

ALL: Final = None
"""Number of references where all workloads of the training part are offered."""

N_REFERENCES: Final = (1, 2, 3, 4, 6, ALL)

Learn = Callable[[Sequence[Source], str], FitNormalizer]
"""From all sources but those of one file, and the name of that file, to what fits the
pairs of that file."""

POWER: Final = "power"
"""The feature that every run with a duration has."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A method with its inputs and the references it is offered.

    Parameters
    ----------
    method : str
        Its name.
    features : tuple of str
        What it reads beside the source energy.
    selector : str
        How references are chosen: a name of `isojoule.studies.benchmark.selectors`,
        or ``all``.
    n_offered : int or None
        How many it is offered, at most; `None` for the whole training part. A method
        may use fewer of them.
    is_published : bool, default False
        Whether it belongs to the published protocol.
    """

    method: str
    features: tuple[str, ...]
    selector: str
    n_offered: int | None
    is_published: bool = False

    @property
    def family(self) -> str:
        """Method and features: what a user would name."""
        return "+".join((self.method, *self.features))

    def is_named(self, name: str) -> bool:
        """Return whether `name` is its method, family, or ``family/selector``.

        Where all workloads are offered nothing is chosen: any selector will do.
        """
        asked, _, selector = name.partition("/")
        return asked in {"", self.method, self.family} and (
            selector in {"", self.selector} or self.n_offered is ALL
        )

    @property
    def label(self) -> str:
        """The contender in words."""
        if self.n_offered is ALL:
            return f"{self.family} / all"
        return f"{self.family} / {self.selector}:{self.n_offered}"


def word_of(k: int | None) -> str:
    """Return a number of references as it is written."""
    return "all" if k is ALL else str(k)


def is_within(k: int | None, most: int | None) -> bool:
    """Return whether `k` references are at most so many; `None` is all there are."""
    return most is ALL or (k is not ALL and k <= most)


_ONE_OR_TWO: Final = ("single-low", "single-high", "dual")
_CURVES: Final = ("linear", "poly2", "svr", "svr-standardized")


def published(
    ks: Sequence[int | None], available: Collection[str]
) -> Iterator[Contender]:
    """Yield the published protocol: references of the whole training part, and curves.

    Parameters
    ----------
    ks : sequence of int or None
        Numbers of references that are asked for. With `ALL` also the curves through
        all references.
    available : collection of str
        Names of methods that there are.
    """
    with_all = [*_ONE_OR_TWO, *(_CURVES if ALL in ks else ())]
    offers: list[tuple[str, str, int | None]]
    offers = [(method, "all", ALL) for method in with_all]
    offers += [("linear", "min-max", k) for k in ks if k is not ALL]
    for method, selector, k in offers:
        if method in available:
            yield Contender(method, (), selector, k, is_published=True)


def make_contenders(
    methods: Mapping[str, FitNormalizer | Learn],
    selectors: Collection[str],
    ks: Sequence[int | None],
    *,
    available: Collection[str] | None = None,
) -> tuple[Contender, ...]:
    """Return the published protocol and every method by every way to references.

    Parameters
    ----------
    methods : mapping
        By name; one that declares (``takes_features``) to take mean power comes with
        and without it.
    selectors : collection of str
        Ways to choose references.
    ks : sequence of int or None
        Numbers of references.
    available : collection of str, optional
        Names that the published protocol may use; those of `methods` by default.
    """
    known = list(published(ks, methods if available is None else available))
    seen = {(c.family, c.selector, c.n_offered) for c in known}
    for method, fit in methods.items():
        for features in ((), (POWER,)) if takes_power(fit) else ((),):
            for k in ks:
                for selector in selectors if k is not ALL else ("all",):
                    contender = Contender(method, features, selector, k)
                    if (contender.family, selector, k) not in seen:
                        known.append(contender)
    return tuple(known)


def takes_power(fit: object) -> bool:
    """Return whether a method says that it can be told to read mean power."""
    method = getattr(fit, "__self__", fit)
    return POWER in getattr(method, "takes_features", ())
