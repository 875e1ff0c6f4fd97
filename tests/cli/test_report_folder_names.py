"""A report's folder says which options it stands for, and never stands for two sets of them."""

from bench.app.reporting import options_in_words


def test_plain_options_are_read_off_the_name() -> None:
    assert options_in_words(()) == ""
    assert options_in_words(("ipc=10", "seeds=3")) == "-ipc-10-seeds-3"


def test_options_that_words_cannot_tell_apart_have_a_mark() -> None:
    names = {options_in_words((f"wmdd.form={x}",)) for x in ("a,b", "a-b", "A-b")}
    assert len(names) == 3
    assert all(name.startswith("-wmdd.form-a-b-") for name in names)


def test_long_options_are_cut_to_a_name_that_any_disk_takes() -> None:
    many = tuple(f"section.field{i}=value" for i in range(40))
    assert len(options_in_words(many)) < 80
    assert options_in_words(many) != options_in_words(many[:-1])
