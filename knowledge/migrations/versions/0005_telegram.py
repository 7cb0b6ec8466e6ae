"""Telegram: replies with buttons, chosen languages, who is where, updates that were seen"""

from alembic import op
import sqlalchemy as sa
import sqlmodel.sql.sqltypes


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('telegram_person',
    sa.Column('person', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('lang', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('chosen_at', sa.DateTime(), nullable=False),
    sa.PrimaryKeyConstraint('person')
    )
    op.create_table('telegram_place',
    sa.Column('place', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('person', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('event', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('last_at', sa.DateTime(), nullable=False),
    sa.PrimaryKeyConstraint('place')
    )
    with op.batch_alter_table('telegram_place', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_telegram_place_last_at'), ['last_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_telegram_place_person'), ['person'], unique=False)

    op.create_table('telegram_reply',
    sa.Column('key', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('made_at', sa.DateTime(), nullable=False),
    sa.Column('person', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('question', sa.Text(), nullable=False),
    sa.Column('resolved', sa.Text(), nullable=True),
    sa.Column('lang', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('status', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('event', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('entry', sa.Integer(), nullable=True),
    sa.Column('about', sa.JSON(), nullable=False),
    sa.Column('choices', sa.JSON(), nullable=False),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('kept', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('key')
    )
    with op.batch_alter_table('telegram_reply', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_telegram_reply_made_at'), ['made_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_telegram_reply_person'), ['person'], unique=False)

    op.create_table('telegram_seen',
    sa.Column('update', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('seen_at', sa.DateTime(), nullable=False),
    sa.PrimaryKeyConstraint('update')
    )
    with op.batch_alter_table('telegram_seen', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_telegram_seen_seen_at'), ['seen_at'], unique=False)


def downgrade() -> None:
    op.drop_table('telegram_seen')
    op.drop_table('telegram_reply')
    op.drop_table('telegram_place')
    op.drop_table('telegram_person')
