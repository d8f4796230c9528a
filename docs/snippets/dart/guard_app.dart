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
/// [customToken] asks the planned endpoint for the custom token of the guard
/// with this PIN.
Future<bool> loginWithPin(
    String pin, Future<String> Function(String pin) customToken) async {
  final signedIn =
      await FirebaseAuth.instance.signInWithCustomToken(await customToken(pin));
  return signedIn.user != null;
}
// end
