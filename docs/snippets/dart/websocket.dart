// Rooms by a plain WebSocket, with web_socket_channel from 2.3 on.
import 'dart:async';
import 'dart:convert';
import 'dart:math';

import 'package:web_socket_channel/web_socket_channel.dart';

import 'api.dart';

// snippet: room
class Room {
  Room(this.type, this.id, {required this.onEvent, required this.onStale});

  final String type;
  final String id;
  final void Function(String event, Map<String, dynamic> data) onEvent;
  final void Function() onStale; // something was missed: read the lists again
  int? seq; // the event up to which nothing is missing
  String? epoch; // of that number: after a restore others are given
  final heard = <String>{}; // ids
  final ahead = <int>{}; // numbers behind a gap

  String get name => '$type:${id.toLowerCase()}';

  void joined(Map<String, dynamic> answer) {
    if (epoch != null && epoch != answer['epoch']) ahead.clear();
    epoch = answer['epoch'];
    final int position = answer['seq'];
    final bool recovered = answer['recovered'];
    seq = recovered ? max(position, seq ?? 0) : position;
    advance();
    if (!recovered) onStale();
  }

  void hear(Map<String, dynamic> frame) {
    ahead.add(frame['seq']);
    advance();
    if (heard.add(frame['id'])) onEvent(frame['event'], frame['data']);
  }

  // Whether the positions in a `pong` say that something is missing here, or
  // that the room is not joined.
  bool isBehind(List<dynamic> positions) {
    final reached = seq;
    return reached == null ||
        !positions.any((p) =>
            p['room'] == name && p['epoch'] == epoch && p['seq'] <= reached);
  }

  void advance() {
    if (seq == null) return;
    int reached = seq!;
    while (ahead.contains(reached + 1)) {
      reached++;
    }
    ahead.removeWhere((number) => number <= reached);
    seq = reached;
  }
}
// end

// snippet: live
class Live {
  Live(this.url, this.rooms) {
    connect();
    timer = Timer.periodic(const Duration(minutes: 4), (_) => check());
  }

  final Uri url;
  final List<Room> rooms;
  late final Timer timer;
  WebSocketChannel? channel;
  StreamSubscription? frames;
  Timer? deadline;
  int failures = 0;
  bool over = false;

  Future<void> connect() async {
    try {
      // Why a connection was refused is not said, so it may have been the token.
      final token = await idToken(refresh: failures > 0);
      final socket =
          WebSocketChannel.connect(url, protocols: ['society360', token!]);
      await socket.ready;
      if (over) return await socket.sink.close();
      channel = socket;
      frames = socket.stream.listen((text) {
        relax();
        hear(jsonDecode(text));
      }, onError: (_) {}, onDone: again);
      rooms.forEach(join);
    } catch (_) {
      again();
    }
  }

  // A dead connection may take minutes to close, so it is left to itself.
  void again() {
    relax();
    frames?.cancel();
    channel?.sink.close();
    channel = null;
    if (over) return;
    final seconds = min(30, 1 << min(failures++, 5));
    final part = 0.5 + Random().nextDouble() / 2;
    Timer(Duration(milliseconds: (1000 * seconds * part).round()), connect);
  }

  // Everything is answered, so silence means that the connection is dead.
  void say(Map<String, dynamic> message) {
    final socket = channel;
    if (socket == null) return;
    socket.sink.add(jsonEncode(message));
    deadline ??= Timer(const Duration(seconds: 10), again);
  }

  void relax() {
    deadline?.cancel();
    deadline = null;
  }

  void join(Room room) => say({
        'action': 'join_room',
        'room_type': room.type,
        'room_id': room.id,
        if (room.seq != null) 'since': room.seq,
        if (room.epoch != null) 'epoch': room.epoch,
      });

  // Every few minutes, and when the app comes to the front.
  void check() => say({'action': 'ping'});

  void hear(Map<String, dynamic> frame) {
    final named = rooms.where((room) => room.name == frame['room']);
    switch (frame['event']) {
      case 'room_joined':
        failures = 0;
        named.forEach((room) => room.joined(frame));
        break;
      case 'pong':
        rooms.where((room) => room.isBehind(frame['rooms'])).forEach(join);
        break;
      case 'error':
        if (frame['code'] == 'CONNECTION_UNKNOWN') channel?.sink.close();
        break;
      default:
        if (frame['id'] != null) named.forEach((room) => room.hear(frame));
    }
  }

  void close() {
    over = true;
    timer.cancel();
    relax();
    channel?.sink.close();
  }
}
// end
