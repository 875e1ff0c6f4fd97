"""The warnings of many chapters at the top of a book, each said once."""

from collections.abc import Iterable, Sequence

from reports.tables.alarms import Alarm

MOST = 2  # alarms of one chapter that are quoted
SCALE = "Against the paper only order and signs are judged below its scale, never values."

Named = tuple[str, Sequence[Alarm]]  # a chapter's name and its alarms


def gathered(warnings: Iterable[str], chapters: Sequence[Named]) -> list[Alarm]:
    """Alarms by chapter, then cautions and notes with the chapters that they concern."""
    found = [Alarm("alarm", text) for name, alarms in chapters for text in _quoted(name, alarms)]
    found += [Alarm("caution", text) for text in warnings]
    shared: dict[Alarm, list[str]] = {}
    single: dict[str, int] = {}
    said = [(name, alarm) for name, alarms in chapters for alarm in alarms]
    for name, alarm in said:
        if alarm.level != "alarm" and not alarm.text.startswith("Reduced scale"):
            shared.setdefault(alarm, []).append(name)
    for alarm, names in shared.items():
        if len(names) > 1 or alarm.level == "note":
            found.append(Alarm(alarm.level, f"{alarm.text} ({listed(names, len(chapters))})"))
        else:
            single[names[0]] = single.get(names[0], 0) + 1
    if single:
        counts = ", ".join(f"{name} ({count})" for name, count in single.items())
        found.append(Alarm("caution", f"More cautions, listed there: {counts}."))
    found.append(Alarm("note", SCALE))
    order = ("alarm", "caution", "note")
    return sorted(found, key=lambda alarm: order.index(alarm.level))


def _quoted(name: str, alarms: Sequence[Alarm]) -> list[str]:
    texts = [alarm.text for alarm in alarms if alarm.level == "alarm"]
    more = len(texts) - MOST
    extra = [f"{name}: {more} more alarm{'s' if more > 1 else ''}, listed there."]
    return [*(f"{name}: {text}" for text in texts[:MOST]), *(extra if more > 0 else [])]


def listed(names: Sequence[str], total: int) -> str:
    """Chapters in words; all of them in two."""
    return "everywhere" if len(names) == total > 1 else ", ".join(names)
