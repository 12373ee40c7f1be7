import pytest
from tests.browser.conftest import *
pytestmark = pytest.mark.anyio
async def test_look(house):
    w = await house.window()
    await house.shot(w, "signin-night")
    maria = await house.window("specialist1")
    await house.shot(maria, "idle-off-night")
    await maria.chooses("presence", "available")
    await maria.sees("You are ready")
    await house.shot(maria, "idle-night")
    phone = await house.caller()
    await maria.sees("A caller needs you")
    await house.shot(maria, "offer-night")
    print(maria.errors, await maria.violations())
    lead = await house.window("lead")
    await asyncio.sleep(2)
    await house.shot(lead, "board-night")
    print(lead.errors, await lead.violations())
