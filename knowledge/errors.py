"""Everything that can go wrong in the knowledge base.

KnowledgeError
├── RecordMissing      a record was asked for that is not there
├── StarterBroken      a starter file cannot be read as records
├── ImportRefused      a file cannot be imported at all (one bad row is a finding, not an error)
├── ExportRefused      the records cannot be written in the form that was asked for
└── DatabaseAhead      the database was written by a newer release

Each message says the value that was met and the next step.
"""


class KnowledgeError(Exception):
    """Base of all knowledge-base errors."""


class RecordMissing(KnowledgeError):
    """No record has this kind and id."""


class StarterBroken(KnowledgeError):
    """A starter file is not valid; the message names file, record, field and rule."""


class ImportRefused(KnowledgeError):
    """The file as a whole cannot be imported: not found, no known form, unreadable."""


class ExportRefused(KnowledgeError):
    """The file asked for has no known form, or cannot hold what should go into it."""


class DatabaseAhead(KnowledgeError):
    """The database carries a schema this release does not know."""
