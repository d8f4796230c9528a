// Calls of the HTTP API, with dio 5, uuid 4 and firebase_auth.
import 'package:dio/dio.dart';
import 'package:firebase_auth/firebase_auth.dart';
import 'package:uuid/uuid.dart';

// snippet: token
Future<String?> idToken({bool refresh = false}) async =>
    FirebaseAuth.instance.currentUser?.getIdToken(refresh);
// end

// snippet: api
class ApiException implements Exception {
  ApiException(this.status, Map<String, dynamic> body)
      : message = '${body['error'] ?? body['message'] ?? 'status $status'}',
        code = body['error_code'],
        details = body['details'],
        data = body['data'] ?? const {},
        requestId = body['request_id'];

  final int status;
  final String message;
  final String? code; // none where the gateway itself refused
  final List<dynamic>? details; // of a 400: every field that is wrong
  final Map<String, dynamic> data; // of a 409: the state that won
  final String? requestId;
}

class Api {
  Api(String baseUrl)
      : dio = Dio(BaseOptions(
          baseUrl: baseUrl,
          connectTimeout: const Duration(seconds: 10),
          receiveTimeout: const Duration(seconds: 15),
        ));

  final Dio dio;

  Future<Map<String, dynamic>> get(String path) => call('GET', path);

  Future<Map<String, dynamic>> post(String path, [Object? body]) =>
      call('POST', path, body ?? {});

  Future<Map<String, dynamic>> delete(String path, [Object? body]) =>
      call('DELETE', path, body);

  Future<Map<String, dynamic>> call(String method, String path,
      [Object? body]) async {
    // One key for one wish, however often it is sent.
    final key = const Uuid().v4();
    var refresh = false;
    for (var attempt = 1;; attempt++) {
      try {
        final answer = await dio.request<Map<String, dynamic>>(
          path,
          data: body,
          options: Options(method: method, headers: {
            'Authorization': 'Bearer ${await idToken(refresh: refresh)}',
            if (method != 'GET') 'Idempotency-Key': key,
          }),
        );
        return answer.data!;
      } on DioException catch (error) {
        final response = error.response;
        final status = response?.statusCode ?? 0;
        final json = response?.data;
        final refusal =
            ApiException(status, json is Map<String, dynamic> ? json : {});
        refresh = refusal.code == 'TOKEN_EXPIRED';
        final passes = response == null || status >= 500;
        if (attempt == 4 || !(refresh || passes)) throw refusal;
        final after = response?.headers.value('retry-after');
        final seconds = int.tryParse(after ?? '') ?? (1 << (attempt - 1));
        if (!refresh) await Future<void>.delayed(Duration(seconds: seconds));
      }
    }
  }
}
// end

// snippet: day
Future<String> logVisitor(Api api, String flatId) async {
  final answer = await api.post('/v1/visitors', {
    'visitor_name': 'Kiran',
    'phone': '9876543210',
    'flat_id': flatId,
  });
  return answer['data']['visitor']['id'];
}

Future<String> respond(Api api, String visitorId, String decision) async {
  try {
    final answer = await api
        .post('/v1/visitors/$visitorId/respond', {'decision': decision});
    return answer['data']['status'];
  } on ApiException catch (error) {
    if (error.status != 409) rethrow;
    return error.data['status']; // somebody was faster, or time is over
  }
}

Future<void> checkIn(Api api, String visitorId) =>
    api.post('/v1/visits/checkin', {'visitor_id': visitorId});
// end
