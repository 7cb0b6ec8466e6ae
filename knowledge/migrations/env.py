"""Alembic's entry: run the migrations over the connection the knowledge base hands in."""

from alembic import context
from sqlmodel import SQLModel

import knowledge.chats
import knowledge.journal  # noqa: F401  (both fill SQLModel.metadata, with the records they build on)

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
