// Messages to a phone, with firebase_core and firebase_messaging.
import 'package:firebase_core/firebase_core.dart';
import 'package:firebase_messaging/firebase_messaging.dart';

import 'api.dart';

const baseUrl = String.fromEnvironment('API_URL');

// snippet: register
Future<void> registerPhone(Api api, String platform) async {
  final messaging = FirebaseMessaging.instance;
  await messaging.requestPermission();
  Future<void> handIn(String token) =>
      api.post('/v1/fcm-token', {'token': token, 'device_type': platform});
  final token = await messaging.getToken();
  if (token != null) await handIn(token);
  messaging.onTokenRefresh.listen(handIn);
}

Future<void> signOutOfPhone(Api api) async {
  final token = await FirebaseMessaging.instance.getToken();
  if (token != null) await api.delete('/v1/fcm-token', {'token': token});
}
// end

// snippet: receive
Future<void> sayThat(Api api, String event, RemoteMessage message) async {
  final id = message.data['notification_id'];
  if (id == null) return;
  await api.post('/v1/notifications/$id/receipt', {'event': event});
}

@pragma('vm:entry-point')
Future<void> onBackgroundMessage(RemoteMessage message) async {
  await Firebase.initializeApp();
  await sayThat(Api(baseUrl), 'delivered', message);
}

Future<void> receive(Api api, void Function(Map<String, dynamic>) show) async {
  Future<void> opened(RemoteMessage message) async {
    show(message.data);
    await sayThat(api, 'opened', message);
  }

  FirebaseMessaging.onBackgroundMessage(onBackgroundMessage);
  FirebaseMessaging.onMessage.listen((message) async {
    show(message.data);
    await sayThat(api, 'delivered', message);
  });
  FirebaseMessaging.onMessageOpenedApp.listen(opened);
  final first = await FirebaseMessaging.instance.getInitialMessage();
  if (first != null) await opened(first);
}
// end

// snippet: preferences
Future<void> beQuietAtNight(Api api) => api.post('/v1/notification-preferences',
    {'push': true, 'sms': true, 'quiet_from': '22:00', 'quiet_until': '06:00'});
// end
