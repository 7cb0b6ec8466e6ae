"""listings: the problems they help with, in the words of those who have them"""

from alembic import op
import sqlalchemy as sa


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ('problems_en', 'problems_zh'):
        op.add_column('listing', sa.Column(column, sa.JSON(), nullable=False, server_default='[]'))


def downgrade() -> None:
    with op.batch_alter_table('listing') as table:
        table.drop_column('problems_zh')
        table.drop_column('problems_en')
