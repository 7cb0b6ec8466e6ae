"""Telegram: turns and limits that processes share, and which messages a reply is made of"""

from alembic import op
import sqlalchemy as sa
import sqlmodel.sql.sqltypes


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('telegram_turn',
    sa.Column('update', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('chat', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('holder', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('until', sa.DateTime(), nullable=False),
    sa.Column('begun', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('update')
    )
    with op.batch_alter_table('telegram_turn', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_telegram_turn_chat'), ['chat'], unique=False)

    op.create_table('telegram_bucket',
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('rest', sa.Float(), nullable=False),
    sa.Column('at', sa.Float(), nullable=False),
    sa.Column('noted', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    with op.batch_alter_table('telegram_reply', schema=None) as batch_op:
        batch_op.add_column(sa.Column('asked_in', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column('messages', sa.JSON(), nullable=False, server_default='[]'))
        batch_op.add_column(sa.Column('picture', sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f('ix_telegram_reply_asked_in'), ['asked_in'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('telegram_reply', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_telegram_reply_asked_in'))
        batch_op.drop_column('picture')
        batch_op.drop_column('messages')
        batch_op.drop_column('asked_in')
    op.drop_table('telegram_bucket')
    op.drop_table('telegram_turn')
