"""What somebody finds who starts the server for the first time: an account of their own and a session to run.

Only the local user's first start is seen to here; nothing is ever changed that is there already.
"""

from __future__ import annotations

from collab_server.identity import LOCAL_TIER, LOCAL_USER
from collab_server.principal import SCOPES, Principal
from collab_server.services import Services
from collab_server.shapes.files import NewFile
from collab_server.shapes.sessions import NewSession

MAIN_JS = """\
// Press Run (Ctrl+Enter). Everyone in this session sees the output as it comes.
import { greet } from './greet.js';

for (const name of ['people', 'agents']) {
  console.log(greet(name));
  await new Promise((resolve) => setTimeout(resolve, 300));
}

export default 6 * 7;
"""
GREET_JS = """\
export const greet = (name) => `Hello, ${name}!`;
"""


async def local_login(node: Services) -> str:
    """The path of the login URL for the local user, who is made with a first session when there is none."""
    token = await node.identity.login_token(LOCAL_USER)
    local = Principal(LOCAL_USER, "You", LOCAL_TIER, True, SCOPES, None, None, "bearer")
    own = (await node.sessions.listed(local, "mine", limit=2))["items"]
    if not own:
        files = [NewFile(name="main.js", content=MAIN_JS), NewFile(name="greet.js", content=GREET_JS)]
        own = [await node.sessions.create(local, NewSession(name="First session", files=files))]
    following = f"&next=/s/{own[0]['id']}" if len(own) == 1 else ""
    return f"/login?token={token}{following}"
