// Rooms by Socket.IO, with socket_io_client from 2.0.1 on.
import 'package:socket_io_client/socket_io_client.dart' as io;

import 'api.dart';

// snippet: minimal
io.Socket listen(String url, String flatId, void Function(Map) ring) {
  final socket = io.io(
      url,
      io.OptionBuilder()
          .setTransports(['websocket'])
          .setAuthFn((send) async => send({'token': await idToken()}))
          .build());
  socket.on('connect', (_) {
    socket.emit('join_room', {'room_type': 'flat', 'room_id': flatId});
  });
  socket.on('visitor_request', (visitor) => ring(visitor));
  return socket;
}
// end
