# Sends the calls of each line that comes in with Segment's client, and says so
# when all of them have been taken.
import json
import os
import sys

from segment.analytics.client import Client

NAMES = {"userId": "user_id", "anonymousId": "anonymous_id", "groupId": "group_id", "previousId": "previous_id"}

lost = []
client = Client(
    os.environ["WRITE_KEY"],
    host=os.environ["HOST"],
    gzip=True,
    max_retries=100,
    upload_interval=0.1,
    on_error=lambda error, items: lost.append(str(error)),
)

for line in sys.stdin:
    for one in json.loads(line):
        getattr(client, one["call"])(**{NAMES.get(name, name): value for name, value in one["args"].items()})
    client.flush()
    print("lost: %s" % lost if lost else "taken", flush=True)
