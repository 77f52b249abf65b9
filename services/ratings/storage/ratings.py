"""Ratings in Postgres, inside one transaction."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session as Transaction

from hansom.contracts.ratings import AlreadyRated
from services.ratings.domain.ratings import Rating, Total
from services.ratings.storage.tables import ratings, totals


class RatingRows:
    """The ratings that one transaction writes."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, rating: Rating) -> None:
        """Insert a rating. Raises AlreadyRated; of two at the same time the second waits and is refused."""
        row = {name: getattr(rating, name) for name in rating.__slots__}
        statement = insert(ratings).values(row).on_conflict_do_nothing().returning(ratings.c.trip_id)
        if self._transaction.execute(statement).first() is None:
            raise AlreadyRated()

    def of_trip(self, trip_id: str) -> list[Rating]:
        """The ratings of a trip, oldest first: two at most."""
        wanted = select(ratings).where(ratings.c.trip_id == trip_id).order_by(ratings.c.created_at)
        return [Rating(**row._mapping) for row in self._transaction.execute(wanted)]

    def add_to_total(self, rated_id: str, stars: int) -> Total:
        """The user's total with these stars in it; its row is held until the end of the transaction."""
        statement = (
            insert(totals)
            .values(rated_id=rated_id, stars=stars, count=1)
            .on_conflict_do_update(
                index_elements=[totals.c.rated_id],
                set_={"stars": totals.c.stars + stars, "count": totals.c["count"] + 1},
            )
            .returning(totals.c.stars, totals.c["count"])
        )
        stars_now, count_now = self._transaction.execute(statement).one()
        return Total(stars_now, count_now)
