import 'package:dio/dio.dart';
import 'package:firebase_auth/firebase_auth.dart';

// snippet: requests
class TokenInterceptor extends Interceptor {
  @override
  Future<void> onRequest(
      RequestOptions options, RequestInterceptorHandler handler) async {
    final token = await FirebaseAuth.instance.currentUser?.getIdToken();
    if (token != null) options.headers['Authorization'] = 'Bearer $token';
    handler.next(options);
  }
}
// end

// snippet: sign-in
/// Signs a guard in on a gate's phone; throws what the API refuses.
Future<bool> loginWithPin(Dio dio,
    {required String guardCode,
    required String pin,
    required String deviceIdentifier,
    String? deviceCode,
    String? newPin}) async {
  final answer = await dio.post('/auth/guard', data: {
    'guard_code': guardCode,
    'pin': pin,
    'device_identifier': deviceIdentifier,
    'device_code': deviceCode,
    'new_pin': newPin,
  });
  final token = answer.data['data']['custom_token'] as String;
  final signedIn = await FirebaseAuth.instance.signInWithCustomToken(token);
  return signedIn.user != null;
}
// end
