"""The store of used tokens: whether a token can be marked, and is then known."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from time import perf_counter_ns

from sqlalchemy import make_url

from cds_service.doctor.checks import Checked, Situation, failed, ok
from cds_service.errors import StoreUnavailable
from cds_service.ledger.replay import ReplayStore

_WHAT = "store of used tokens"


def check_store(situation: Situation) -> Iterator[Checked]:
    """Connects, brings the tables up to date, marks a token of its own that has expired, and finds it marked."""
    trust = situation.settings.trust
    if not trust.clients:
        yield ok(_WHAT, "not needed without clients")
        return
    address = make_url(trust.replay_store)
    where = address.render_as_string(hide_password=True)
    try:
        known = _marks_once(ReplayStore(trust.replay_store), situation.now())
    except StoreUnavailable as error:
        todo = "see that the database runs and takes this user; no call is answered without it"
        yield failed(_WHAT, f"{where}: {error.kind}", todo)
        return
    if not known:
        todo = "look at the database: a token could be used twice"
        yield failed(_WHAT, f"{where}: a used token is not known again", todo)
    elif address.get_backend_name() == "sqlite":
        file = Path(address.database or "").resolve()
        yield ok(_WHAT, f"{file}: a token is marked once, for the services of this machine alone")
    else:
        yield ok(_WHAT, f"{where}: a token is marked once")


def _marks_once(store: ReplayStore, now: datetime) -> bool:
    """Whether a token that nobody else has is new at first and used at the second time. Raises StoreUnavailable."""
    seconds, token = int(now.timestamp()), f"{now.isoformat()} {perf_counter_ns()}"
    first, second = (store.use("doctor", token, seconds, seconds) for _ in range(2))
    return first and not second
