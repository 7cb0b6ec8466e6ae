"""Everything that can go wrong while finding.

RetrievalError
├── IndexMissing      there is no index yet
├── IndexOutOfDate    the index does not match the knowledge base or the encoder
├── StoreUnreachable  the Chroma store does not answer
├── EmbedderFailed    the encoder could not be loaded or gave no usable vectors
├── GlossaryBroken    the glossary that is set cannot be read
└── DataSetBroken     a folder that is to be measured on is no BEIR data set
"""


class RetrievalError(Exception):
    """Base of all retrieval errors."""


class IndexMissing(RetrievalError):
    """No index has been built in this place."""


class IndexOutOfDate(RetrievalError):
    """The index was built from other records, by another release, or with another encoder."""


class StoreUnreachable(RetrievalError):
    """The Chroma server does not answer, or lacks the collections of this index."""


class EmbedderFailed(RetrievalError):
    """The encoder could not be loaded, or what it returned are no vectors of its dimension."""


class GlossaryBroken(RetrievalError):
    """The glossary that is set is not there, or a line of it cannot be read."""


class DataSetBroken(RetrievalError):
    """A folder that is no BEIR data set. ``fault`` says what is wrong with it, ``detail`` where, and which value was met."""

    def __init__(self, fault: str, **detail: object) -> None:
        super().__init__(f"{fault}: " + ", ".join(f"{name} {value}" for name, value in detail.items()))
        self.fault = fault
        self.detail = detail
