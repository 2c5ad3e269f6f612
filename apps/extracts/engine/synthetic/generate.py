"""Makes a whole synthetic source in one call."""

import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

from apps.extracts.engine.problems import EngineError
from apps.extracts.engine.source import describe

from .care import write_care
from .making import BLOCK, Making
from .people import make_identities, make_people
from .referentials import write_beneficiaries, write_deaths, write_long_term_conditions, write_nomenclatures
from .stays import write_stays

GENERATOR_VERSION = 2


@dataclass(frozen=True, slots=True)
class SyntheticRequest:
    """What to make: how many people, which years of care, from which seed."""

    people: int
    first_year: int
    last_year: int
    seed: int

    def problems(self) -> tuple[str, ...]:
        """Why nothing can be made from this, in English; empty when it can."""
        checks = (
            (100 <= self.people <= 100_000_000, "the number of people goes from 100 to 100,000,000"),
            (2006 <= self.first_year <= 2099, "the first year goes from 2006 to 2099"),
            (self.first_year <= self.last_year <= 2099, "the last year goes from the first year to 2099"),
            (0 <= self.seed < 2**63, "the seed is a positive whole number"),
        )
        return tuple(words for holds, words in checks if not holds)


def generate(request: SyntheticRequest, out: Path, processes: int = 1) -> str:
    """Write a synthetic source into ``out`` and return its release: the same bytes whatever the number of processes.

    ``out`` must not exist or be empty. Everything is written beside it, then renamed: ``out`` is whole or absent.
    Raises ``EngineError``.
    """
    if problems := request.problems():
        raise EngineError("; ".join(problems))
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise EngineError(f"{out}: is not an empty folder; nothing was written")
    beside = out.parent / f".{out.name}.making"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    release = _fill(request, beside, processes)
    beside.replace(out)
    return release


def _fill(request: SyntheticRequest, folder: Path, processes: int) -> str:
    blocks = range(-(-request.people // BLOCK))
    if processes > 1 and len(blocks) > 1:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            list(pool.map(_fill_block, blocks, repeat(request), repeat(folder)))
    else:
        for block in blocks:
            _fill_block(block, request, folder)
    write_nomenclatures(folder)
    facts = {"generator": "hdh synthetic SNDS", "generator_version": GENERATOR_VERSION, **asdict(request)}
    return describe(folder, synthetic=True, facts=facts)


def _fill_block(block: int, request: SyntheticRequest, folder: Path) -> None:
    making, years = Making(folder, request.seed, block), (request.first_year, request.last_year)
    people = make_people(making, min(BLOCK, request.people - block * BLOCK), *years)
    identities = make_identities(making, people)
    write_beneficiaries(making, people, identities)
    write_long_term_conditions(making, people, identities, request.first_year)
    write_deaths(making, people, identities)
    write_stays(making, people, identities, *years)
    write_care(making, people, identities, *years)
