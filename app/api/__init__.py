"""The public JSON API and the live stream."""

from __future__ import annotations

from fastapi import FastAPI

from app.api import (
    audit,
    callbacks,
    calls,
    case,
    clinical,
    colleagues,
    console,
    coverage,
    credentials,
    demo,
    errors,
    handoffs,
    interpreters,
    lead,
    live,
    notes,
    numbers,
    people,
    plan,
    reports,
    session,
    setup,
    shift_files,
    shifts,
    story,
    supervise,
    swaps,
)
from app.api.desk import Desk
from app.context import Context

ROUTERS = (
    session.router,
    console.router,
    calls.router,
    case.router,
    clinical.router,
    handoffs.router,
    supervise.router,
    colleagues.router,
    interpreters.router,
    callbacks.router,
    lead.router,
    reports.router,
    people.router,
    shifts.router,
    shift_files.router,
    coverage.router,
    swaps.router,
    credentials.router,
    plan.router,
    audit.router,
    notes.router,
    numbers.router,
    story.router,
    setup.router,
    demo.router,
    live.router,
)


def mount(app: FastAPI, ctx: Context) -> Desk:
    """Add the API to an application. `app.state.desk.run()` is its background work."""
    app.state.desk = Desk(ctx)
    for router in ROUTERS:
        app.include_router(router)
    app.router.redirect_slashes = False  # a redirect is no answer in the API's one shape
    errors.install(app)
    return app.state.desk
