"""bodies, people, events and programmes: what people say who look for them without their names"""

from alembic import op
import sqlalchemy as sa


revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

TABLES = ('organisation', 'person', 'event', 'programme')
COLUMNS = ('sought_en', 'sought_zh')


def upgrade() -> None:
    for table in TABLES:
        for column in COLUMNS:
            op.add_column(table, sa.Column(column, sa.JSON(), nullable=False, server_default='[]'))


def downgrade() -> None:
    for table in TABLES:
        for column in COLUMNS:
            op.drop_column(table, column)  # in place: others refer to these tables
