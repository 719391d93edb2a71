"""Loading: a folder of files to cases, with ids that are unique, and a hash of what is asked."""

from __future__ import annotations

import gc
import time
from decimal import Decimal

import pytest

from ceconform.corpus import case_hash, corpus_hash, load, load_file
from ceconform.corpus.loading import case_files, default_root, question
from ceconform.errors import CorpusError

CASE = """\
  {slug}:
    description: One label.
    sources: {{definition: cases/README.md#binary}}
    loss: binary_cross_entropy
    probabilities: [{probability}]
    labels: [1]
    expected: {{loss: [1], grad: [1], condition: [1], grad_condition: [1], terms: 1}}
"""


def file_of(*slugs, probability="0.5", more=""):
    """Write a file of cases."""
    cases = "".join(CASE.format(slug=slug, probability=probability) + more for slug in slugs)
    return f"about: x\ncases:\n{cases}"


def corpus(folder, **files):
    """Write a corpus; `__` in a name stands for a folder."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_an_id_is_the_path_and_the_slug(tmp_path):
    """Ids do not depend on the order of anything."""
    root = corpus(tmp_path, binary__clipping=file_of("one", "two"), sparse=file_of("three"))
    assert ["binary/clipping/one", "binary/clipping/two", "sparse/three"] == [case.id for case in load(root)]


def test_conventions_are_no_cases(tmp_path):
    """The published conventions beside the cases are left alone."""
    root = corpus(tmp_path, conventions="x: y\n", sparse=file_of("three"))
    assert 1 == len(load(root))


def test_a_folder_without_cases_is_refused(tmp_path):
    """No corpus is an error, not an empty run."""
    with pytest.raises(CorpusError, match="case files"):
        load(tmp_path)


def test_a_path_that_is_no_id_is_refused(tmp_path):
    """Files and folders are slugs as well."""
    with pytest.raises(CorpusError, match="`Some File`"):
        load(corpus(tmp_path, **{"Some File": file_of("one")}))


def test_an_id_stands_once(tmp_path):
    """A former id may not be that of another case."""
    former = file_of("two", more="    formerly: [a/one]\n")
    with pytest.raises(CorpusError, match=r"a/one: expected each id once, got it in .*a\.yaml:3 too"):
        load(corpus(tmp_path, a=file_of("one"), b=former))


def test_a_single_file_finds_its_root(tmp_path):
    """Ids are relative to the nearest folder above that holds the schema."""
    root = corpus(tmp_path, binary__clipping=file_of("one"))
    (root / "schema.json").write_text("{}")
    assert "binary/clipping/one" == load_file(root / "binary" / "clipping.yaml")[0].id


def test_the_corpus_of_this_package_loads():
    """Every case that is shipped can be read, and its answer is there."""
    cases = load()
    assert {path.resolve() for path in case_files(default_root())} == {case.path for case in cases}
    assert all(case.expected.error or case.expected.loss is not None for case in cases)


@pytest.mark.parametrize("enabled", [True, False])
def test_loading_leaves_the_collection_of_garbage_as_it_was(tmp_path, enabled):
    """It is paused while cases are made, and goes on, or does not, whatever comes of them."""
    (gc.enable if enabled else gc.disable)()
    try:
        load(corpus(tmp_path, a=file_of("one")))
        assert enabled == gc.isenabled()
        with pytest.raises(CorpusError):
            load(corpus(tmp_path, a=file_of("one", probability="x")))
        assert enabled == gc.isenabled()
    finally:
        gc.enable()


def test_the_hash_is_of_what_is_asked_and_what_is_right(tmp_path):
    """Order, prose and place do not count; a number does."""
    (one,) = load(corpus(tmp_path / "a", x=file_of("one")))
    (two,) = load(corpus(tmp_path / "b", x="# comment\n" + file_of("one").replace("One label", "A label")))
    (other,) = load(corpus(tmp_path / "c", x=file_of("one", probability="0.25")))
    assert corpus_hash([one]) == corpus_hash([two])
    assert corpus_hash([one]) != corpus_hash([other])
    assert corpus_hash([one, other]) == corpus_hash([other, one])


def test_the_hash_sees_the_answer(tmp_path):
    """Another right answer is another corpus."""
    (one,) = load(corpus(tmp_path / "a", x=file_of("one")))
    (two,) = load(corpus(tmp_path / "b", x=file_of("one").replace("grad: [1]", "grad: [2]")))
    assert Decimal(2) == two.expected.gradient[0]
    assert question(one) == question(two)
    assert corpus_hash([one]) != corpus_hash([two])
    assert case_hash(one) != case_hash(two)


def test_the_hash_of_a_case_is_of_its_question_and_answer(tmp_path):
    """Its prose, and even its id, do not count."""
    (one,) = load(corpus(tmp_path / "a", x=file_of("one")))
    (two,) = load(corpus(tmp_path / "b", y=file_of("two").replace("One label", "A label")))
    (other,) = load(corpus(tmp_path / "c", x=file_of("one", probability="0.25")))
    assert case_hash(one) == case_hash(two)
    assert case_hash(one) != case_hash(other)


def test_loading_is_fast(tmp_path):
    """Seven hundred cases load within seconds on a busy machine; half of one is usual."""
    root = corpus(tmp_path, **{f"file-{n}": file_of(*(f"case-{i}" for i in range(35))) for n in range(20)})
    start = time.perf_counter()
    assert 700 == len(load(root))
    assert time.perf_counter() - start < 5
