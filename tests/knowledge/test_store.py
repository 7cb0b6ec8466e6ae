"""The knowledge base, on each database it runs on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from knowledge import store
from knowledge.errors import RecordMissing
from knowledge.records import Listing, Record, Statistic
from knowledge.store import KnowledgeBase

Make = Callable[..., Record]


def test_saved_records_are_read_back_whole(each_kb: KnowledgeBase, one_of_each: list[Record]) -> None:
    """What is saved is read back with every field as it was."""
    changes = each_kb.save(one_of_each, origin="import")
    assert sorted(changes.added) == sorted(record.key for record in one_of_each)
    found = each_kb.fetch([record.key for record in one_of_each])
    assert [record.content() for record in found] == [record.content() for record in one_of_each]
    assert set(each_kb.counts().values()) == {1}


def test_saving_again_changes_nothing(each_kb: KnowledgeBase, one_of_each: list[Record]) -> None:
    """A second save of the same records reports each as the same and leaves the fingerprint alone."""
    each_kb.save(one_of_each, origin="import")
    before = each_kb.fingerprint
    changes = each_kb.save(one_of_each, origin="import")
    assert not changes
    assert len(changes.same) == len(one_of_each)
    assert each_kb.fingerprint == before


def test_a_changed_record_replaces_the_old_one(each_kb: KnowledgeBase, one_of_each: list[Record], record: Make) -> None:
    """A record with an id that is known takes the place of the old one, emptied fields included."""
    each_kb.save(one_of_each, origin="import")
    changes = each_kb.save([record("listing", stage=None, tags={"en": ["kiln"]}, city="Beijing")], origin="import")
    assert changes.changed == ["listing/listing-1"]
    (found,) = each_kb.all(Listing)
    assert (found.stage, found.tags_en, found.tags_zh, found.city) == (None, ["kiln"], [], "Beijing")


def test_children_may_come_before_their_parents(each_kb: KnowledgeBase, one_of_each: list[Record]) -> None:
    """Records are saved in whatever order they come, from a generator too."""

    def backwards() -> Iterator[Record]:
        yield from reversed(one_of_each)

    assert len(each_kb.save(backwards(), origin="import").added) == len(one_of_each)


def test_order_does_not_matter_beyond_a_batch(kb: KnowledgeBase, record: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child waits for a parent that comes many batches later."""
    monkeypatch.setattr(store, "_BATCH", 2)
    figures = [record("statistic", f"s{number}", metric=f"m{number}") for number in range(5)]
    metrics = [record("metric", f"m{number}") for number in range(5)]
    assert len(kb.save([*figures, *metrics], origin="import").added) == 10
    assert kb.fingerprint == kb.recount_fingerprint()


def test_a_child_without_parent_saves_nothing(each_kb: KnowledgeBase, record: Make) -> None:
    """When one record cannot be saved, none is."""
    with pytest.raises(IntegrityError):
        each_kb.save([record("source"), record("statistic", metric="nowhere")], origin="import")
    assert set(each_kb.counts().values()) == {0}
    assert each_kb.fingerprint == ""


def test_a_generator_that_fails_saves_nothing(each_kb: KnowledgeBase, record: Make) -> None:
    """A source of records that breaks in the middle leaves no half of them behind."""

    def broken() -> Iterator[Record]:
        yield record("source")
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        each_kb.save(broken(), origin="import")
    assert each_kb.counts()["source"] == 0


def test_the_later_of_two_records_with_one_id_counts(each_kb: KnowledgeBase, record: Make) -> None:
    """Where an id comes twice in one save, the later record is kept."""
    each_kb.save([record("source", category="news"), record("source", category="official")], origin="import")
    assert each_kb.get("source/source-1").content()["category"] == "official"
    assert each_kb.fingerprint == each_kb.recount_fingerprint()


def test_starter_records_leave_imported_ones_alone(each_kb: KnowledgeBase, record: Make) -> None:
    """A starter record never overwrites one that was imported; it comes back as kept."""
    each_kb.save([record("source", category="news")], origin="import")
    changes = each_kb.save([record("source", category="official"), record("source", "source-2")], origin="starter")
    assert (changes.kept, changes.added) == (["source/source-1"], ["source/source-2"])
    assert each_kb.get("source/source-1").content()["category"] == "news"


def test_imported_records_replace_starter_ones(each_kb: KnowledgeBase, record: Make) -> None:
    """An import may correct the starter data, and the record is an imported one from then on."""
    each_kb.save([record("source")], origin="starter")
    assert each_kb.save([record("source", category="news")], origin="import").changed == ["source/source-1"]
    assert each_kb.get("source/source-1").origin == "import"


def test_compare_says_what_save_would_do(each_kb: KnowledgeBase, record: Make) -> None:
    """A comparison reports the changes of a save and makes none of them."""
    each_kb.save([record("source"), record("source", "source-2")], origin="import")
    before = each_kb.fingerprint
    new = [record("source"), record("source", "source-2", category="news"), record("source", "source-3")]
    expected = each_kb.compare(new, origin="import")
    assert each_kb.fingerprint == before
    assert expected == each_kb.save(new, origin="import")


def test_the_fingerprint_tells_contents_not_history(each_kb: KnowledgeBase, kb: KnowledgeBase, record: Make) -> None:
    """Two knowledge bases have one fingerprint exactly when they say the same, however they came to it."""
    each_kb.save([record("source"), record("source", "source-2")], origin="import")
    each_kb.delete(["source/source-2", "source/nowhere"])
    each_kb.save([record("organisation")], origin="import")
    kb.delete([f"source/{record_id}" for record_id in ("source-1", "source-2")])
    kb.save([record("organisation"), record("source")], origin="starter")
    assert each_kb.fingerprint == kb.fingerprint == kb.recount_fingerprint()


def test_edits_behind_our_back_show(each_kb: KnowledgeBase, record: Make) -> None:
    """A row changed by hand in the database makes the counted fingerprint differ from the remembered one."""
    each_kb.save([record("source")], origin="import")
    with each_kb.engine.begin() as connection:
        connection.execute(text("UPDATE source SET name_en = 'Another title'"))
    assert each_kb.recount_fingerprint() != each_kb.fingerprint


def test_delete_takes_children_and_parents_together(each_kb: KnowledgeBase, one_of_each: list[Record]) -> None:
    """Records are deleted children first, and the keys that were there come back."""
    each_kb.save(one_of_each, origin="import")
    gone = each_kb.delete(["metric/metric-1", "statistic/statistic-1", "statistic/nowhere"])
    assert gone == ["metric/metric-1", "statistic/statistic-1"]
    assert each_kb.all(Statistic) == []
    assert each_kb.fingerprint == each_kb.recount_fingerprint()


def test_a_parent_with_children_stays(each_kb: KnowledgeBase, one_of_each: list[Record]) -> None:
    """A metric that still has figures cannot be deleted from under them."""
    each_kb.save(one_of_each, origin="import")
    with pytest.raises(IntegrityError):
        each_kb.delete(["metric/metric-1"])
    assert each_kb.counts()["metric"] == 1


def test_existing_names_the_records_there_are(each_kb: KnowledgeBase, record: Make) -> None:
    """Of many keys, those that name a record come back; unknown kinds are no error."""
    each_kb.save([record("source")], origin="import")
    assert each_kb.existing(["source/source-1", "source/no", "planet/earth"]) == {"source/source-1"}
    assert each_kb.existing(iter(f"source/source-{number}" for number in range(2000))) == {"source/source-1"}


def test_a_missing_record_is_named(kb: KnowledgeBase) -> None:
    """Asking for a record that is not there names its key and the next step."""
    with pytest.raises(RecordMissing, match=r"'listing/nowhere'.*greenask kb export"):
        kb.get("listing/nowhere")


def test_changes_are_told_without_reading_a_listing(kb: KnowledgeBase) -> None:
    """What has changed, and the fingerprint, are read from an index: a hundred thousand listings are some hundred megabytes."""
    asked: list[str] = []
    listener = partial(_note, asked)
    event.listen(kb.engine, "before_cursor_execute", listener)
    kb.states()
    kb.delete(["listing/nowhere"])
    event.remove(kb.engine, "before_cursor_execute", listener)
    whole = [statement for statement in asked if "group_concat" in statement and "FROM listing" in statement]
    assert len(whole) == 2
    with kb.engine.connect() as connection:
        for statement in whole:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", ("\n",) * statement.count("?")).all()
            assert "COVERING INDEX ix_listing_state" in plan[0][3]


def _note(asked: list[str], *said: Any) -> None:
    asked.append(said[2])
