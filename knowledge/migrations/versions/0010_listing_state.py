"""listings: ids and digests in an index of their own, so that changes are told without reading every listing"""

from alembic import op


revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_listing_state', 'listing', ['id', 'digest'])


def downgrade() -> None:
    op.drop_index('ix_listing_state', 'listing')
