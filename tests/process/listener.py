"""A server that is no broker, or stands before one, for tests of what its clients do."""

import socket
import threading


class Listener:
    """Listens on the loopback and gives each connection to `handle`, in a thread of its own."""

    def __init__(self, handle, port=0):
        self.handle = handle
        self.listener = socket.create_server(("127.0.0.1", port))
        self.own = self.listener.getsockname()
        self.address = f"127.0.0.1:{self.own[1]}"
        self.connections = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self.handle, args=(connection,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            connection.close()
