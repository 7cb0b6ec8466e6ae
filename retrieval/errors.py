"""Everything that can go wrong while finding.

RetrievalError
├── IndexMissing      there is no index yet
├── IndexOutOfDate    the index does not match the knowledge base or the encoder
├── StoreUnreachable  the Chroma store does not answer
└── EmbedderFailed    the encoder could not be loaded or gave no usable vectors
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
