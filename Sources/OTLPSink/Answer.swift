import Foundation
import OTLP
public import Sinks

/// What a peer answered to a request.
public struct Answer: Sendable {
    public var status: Int
    /// The field as it came; "" where there was none.
    public var contentType: String
    /// The `Retry-After` field as it came.
    public var retryAfter: String?
    /// At most the first 64 KiB, unless more was asked for.
    public var body: [UInt8]

    public init(
        status: Int, contentType: String = "", retryAfter: String? = nil, body: [UInt8] = []
    ) {
        self.status = status
        self.contentType = contentType
        self.retryAfter = retryAfter
        self.body = body
    }
}

extension Answer {
    /// Why the request failed; nil for a success.
    ///
    /// 429, 502, 503 and 504 can be tried again, and so can 408. What says that the address or the
    /// credentials are wrong concerns every run alike. Everything else that is no success is about
    /// this request and stays so.
    /// Source: https://opentelemetry.io/docs/specs/otlp/#failures-1
    /// - Parameter now: seconds since 1970-01-01 UTC, for a `Retry-After` that is a date.
    public func failure(now: Int64) -> SinkError? {
        switch status {
        case 200..<300: return nil
        case 300..<400, 401, 403, 404, 405, 407: return .misconfigured(reason: reason)
        case 408, 429, 502, 503, 504:
            return .retryable(
                reason: reason, after: retryAfter.flatMap { RetryAfter($0, now: now)?.delay })
        default: return .permanent(reason: reason)
        }
    }

    /// The status and what the peer said, in one line.
    public var reason: String {
        let message = message
        return message.isEmpty ? "HTTP \(status)" : "HTTP \(status): \(message)"
    }

    /// The type without parameters, in lower case.
    var mediaType: String {
        contentType.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
    }

    /// Characters of a peer's error text that are worth a log line.
    private static let maximumMessageLength = 500

    private var message: String {
        let text: String
        switch mediaType {
        case "application/x-protobuf", "application/protobuf":
            text = (try? RPCStatus(protobuf: body))?.message ?? ""
        case "application/json":
            text = (try? RPCStatus(json: body))?.message ?? String(decoding: body, as: UTF8.self)
        default: text = String(decoding: body, as: UTF8.self)
        }
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return String(line.prefix(Self.maximumMessageLength))
    }
}
