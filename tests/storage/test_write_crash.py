"""A process that is killed while it writes leaves all or nothing."""

from pathlib import Path

from races import COMMON, STORE, run

CRASH = """
class Point:
    seen, deadly, armed = 0, 0, False

def at_every_step(event, arguments):
    if not Point.armed or not event.startswith(("open", "os.")):
        return
    Point.seen += 1
    if Point.seen == Point.deadly:
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(at_every_step)
big = ClassMeans(torch.ones(3).repeat(1))

def attempt(number):
    Point.deadly, Point.armed = number, True
    store.get_or_make(spec, lambda: big)
    Point.armed = False

store.get_or_make(ArtifactSpec("cd" * 16, "means", ClassMeans), lambda: big)  # all is imported
number, killed = 0, 0
while True:
    number += 1
    status = os.waitpid(child(lambda: attempt(number)), 0)[1]
    assert store.verify() == [], number
    if store.has(spec.address):
        assert float(store.load(spec.address, ClassMeans).means.sum()) == 3
    if status == 0:
        break
    assert os.WTERMSIG(status) == signal.SIGKILL
    killed += 1
    want(make)
    assert lines("waiting") == [], "waited for the dead"
    store.delete(spec.address)
swept = store.gc(None)
print(killed, swept.removed, len(list(store.addresses())), store.gc(None).removed)
print(len(os.listdir(root / "store" / "tmp")), len(os.listdir(root / "store" / "locks")))
"""


def test_a_kill_at_any_step_of_a_write_leaves_all_or_nothing(tmp_path: Path) -> None:
    """Killed at its first step on the file system, at its second, ... until it survives."""
    first, second = run(COMMON + STORE + CRASH, tmp_path)
    killed, swept, kept, again = map(int, first.split())
    assert killed > 20
    assert swept > 0
    assert kept == 2
    assert again == 0
    assert second == "0 0"
