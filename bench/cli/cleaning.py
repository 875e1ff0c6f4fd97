"""What `bench store gc` removes."""

from bench.cli.session import open_session
from bench.cli.study_arguments import StudyArguments
from bench.cli.text import size
from bench.recipes import Profile
from bench.store import Store

PROFILES: tuple[Profile, ...] = ("smoke", "quick", "paper")


def collect(root: str, data: str, corrupt: bool, studies: tuple[str, ...], dry_run: bool) -> str:
    """Removes corrupt artifacts, leftovers, and what no kept study uses; says what went."""
    store = Store(root)
    lines = []
    if corrupt:
        problems = store.verify()
        lines += [str(problem) for problem in problems]
        for problem in problems:
            if not dry_run:
                store.delete(problem.address)
        lines.append(f"{len(problems)} corrupt artifacts")
    keep = addresses_of(studies, root, data) if studies else None
    swept = store.gc(keep, dry_run)
    what = "artifacts and leftovers" if studies else "leftovers of killed runs"
    lines.append(f"{swept.count} {what}, {size(swept.bytes)}")
    return "\n".join([*lines, "nothing was removed (--dry-run)" if dry_run else "removed"])


def addresses_of(studies: tuple[str, ...], root: str, data: str) -> set[str]:
    """Addresses of everything that the studies use as they are declared, in every profile."""
    sessions = (
        open_session(StudyArguments(study, profile, store=root, data=data))
        for study in studies
        for profile in PROFILES
    )
    return {address for session in sessions for address in session.plan.tasks()}
