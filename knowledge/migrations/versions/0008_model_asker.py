"""the language model's daily tokens: counted for whoever asks, not for a conversation"""

from alembic import op


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('model_allowance', schema=None) as batch_op:
        batch_op.alter_column('conversation', new_column_name='asker')


def downgrade() -> None:
    with op.batch_alter_table('model_allowance', schema=None) as batch_op:
        batch_op.alter_column('asker', new_column_name='conversation')
