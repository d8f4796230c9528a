# A Socket.IO client of another family: it joins its room after each connect, and it prints one line of JSON for each
# thing that it sees.
#
# python socket_io.py '{"url":…,"token":…,"room":{…}}'
import json
import sys
import threading

import socketio

arguments = json.loads(sys.argv[1])
app = socketio.Client()
# The client calls each handler in a thread of its own.
one_at_a_time = threading.Lock()


def see(saw, payload=None):
    with one_at_a_time:
        print(json.dumps({"saw": saw, "payload": payload}), flush=True)


@app.event
def connect():
    see("connected")
    app.emit("join_room", arguments["room"])


@app.event
def disconnect(reason):
    see("disconnected", reason)


@app.on("*")
def hear(event, payload=None):
    see(event, payload)


app.connect(arguments["url"], auth={"token": arguments["token"]}, transports=["websocket"])
app.wait()
